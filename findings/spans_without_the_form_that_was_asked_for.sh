#!/usr/bin/env bash
# What:   one call of openai 3.57.0's `chat.completions.create` with `response_format` (a JSON schema), as five instrumentations
#         tell it: opentelemetry-instrumentation-genai-openai 1.3b0, -openai-v2 2.4b0, OpenLLMetry
#         (opentelemetry-instrumentation-openai) 0.62.4, OpenInference 0.1.66, langfuse 5.0.4. All are asked for content.
# Guess:  a span that holds the messages and the parameters of a call says which form the answer had to have, under one name
#         (`gen_ai.output.type` is in the conventions).
# Seen:   OpenTelemetry's own two say `gen_ai.output.type=json` and lose the schema. The others hold it under three names of
#         their own and do not say `gen_ai.output.type`: `gen_ai.request.structured_output_schema` (OpenLLMetry),
#         `llm.invocation_parameters` and `input.value` (OpenInference), `langfuse.observation.metadata.response_format`
#         (langfuse: in the metadata of the caller, not in `model.parameters`, which it fills up with values nobody sent).
#         Whoever asks the question again from such a span, to compare or to replay, easily asks for prose where JSON was due.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > seen.py <<'PY'
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SCHEMA = {"type": "object", "title": "PostalForm", "properties": {"code": {"type": "string"}}, "required": ["code"]}
ANSWER = {"id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "usage": {
    "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}, "choices": [{"index": 0, "finish_reason": "stop",
    "message": {"role": "assistant", "content": '{"code": "0150"}'}}]}


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
spans, who = InMemorySpanExporter(), sys.argv[1]
traces = TracerProvider()
traces.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(traces)
if who == "langfuse":
    from langfuse import Langfuse
    from langfuse.openai import OpenAI

    Langfuse(public_key="p", secret_key="s", host="http://127.0.0.1:9", tracer_provider=traces)
else:
    if who == "genai-openai":
        from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
    elif who == "openai-v2":
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    elif who == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    else:
        from openinference.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument(tracer_provider=traces)
    from openai import OpenAI
form = {"type": "json_schema", "json_schema": {"name": "postal", "schema": SCHEMA}}
client = OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="k", max_retries=0)
client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Where?"}], response_format=form)
(span,) = spans.get_finished_spans()
told = {name: str(value) for name, value in span.attributes.items()}
assert any("Where?" in value for value in told.values()), told  # the content is there
schema = sorted(name for name, value in told.items() if "PostalForm" in value)
word = sorted(f"{name}={value}" for name, value in told.items() if name.endswith("output.type"))
print(f"{who:14} schema in {schema or 'nothing'}; says {word or 'nothing'}", flush=True)
kind = "schema" if schema else "word" if word else "nothing"
os._exit(0 if kind == sys.argv[2] else 1)  # without waiting for exporters that reach nobody
PY
seen() { # name, what its span has of the form, packages
  local name=$1 kind=$2
  shift 2
  python3 -m venv "$name"
  "$name/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 opentelemetry-sdk "$@"
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental \
    "$name/bin/python" seen.py "$name" "$kind"
}
seen genai-openai word opentelemetry-instrumentation-genai-openai==1.3b0
seen openai-v2 word opentelemetry-instrumentation-openai-v2==2.4b0 opentelemetry-util-genai==0.4b0 httpx
seen openllmetry schema opentelemetry-instrumentation-openai==0.62.4
seen openinference schema openinference-instrumentation-openai==0.1.66
seen langfuse schema langfuse==5.0.4
echo "as described"

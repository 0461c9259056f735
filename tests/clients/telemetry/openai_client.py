"""OpenAI's client, instrumented by whom INSTRUMENTATION names; Langfuse wraps it."""

import os
from contextlib import suppress

WHO = os.environ["INSTRUMENTATION"]
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Say hello."},
]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "d", "parameters": SCHEMA},
}
CALL = {"name": "weather", "arguments": '{"city":"Oslo"}'}
ANSWERED = [
    *MESSAGES,
    {"role": "assistant", "content": None,
     "tool_calls": [{"id": "call_1", "type": "function", "function": CALL}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
]  # fmt: skip
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
PICTURE = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, IMAGE]}]
FORM = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}


def instrumented():
    """What ends the telemetry, and the client class."""
    if WHO == "langfuse":
        from langfuse import get_client
        from langfuse.openai import OpenAI

        return get_client().flush, OpenAI
    from openai import OpenAI
    from opentelemetry import trace
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    traces, logs = TracerProvider(), LoggerProvider()
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    trace.set_tracer_provider(traces)
    set_logger_provider(logs)
    if WHO == "genai-openai":
        from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument()
    elif WHO == "openai-v2":
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

        OpenAIInstrumentor().instrument()
    elif WHO == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument()
    else:
        from openinference.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument(tracer_provider=traces)

    def end():
        traces.shutdown()
        logs.shutdown()

    return end, OpenAI


end, Client = instrumented()
client = Client(base_url=os.environ["PROVIDER"] + "/v1", api_key="k", max_retries=0)


def ask(model="gpt-4o-mini", messages=MESSAGES, **more):
    """Ask, and read a stream to its end."""
    answer = client.chat.completions.create(model=model, messages=messages, **more)
    if more.get("stream"):
        for _ in answer:
            pass


ask(temperature=0.2)
ask(stream=True)
ask(stream=True, stream_options={"include_usage": True})
ask(tools=[TOOL])
ask(stream=True, tools=[TOOL])
ask(messages=ANSWERED, tools=[TOOL])
ask(messages=PICTURE)
with suppress(Exception):
    ask("status-429")
with suppress(Exception):
    ask("mid-error", stream=True)
ask(response_format=FORM)
if WHO != "openai-v2":
    client.responses.create(model="gpt-4o-mini", input="Say hello.", instructions="Be brief.")
end()

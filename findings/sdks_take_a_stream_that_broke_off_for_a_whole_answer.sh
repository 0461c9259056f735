#!/usr/bin/env bash
# What:   openai 3.57.0, anthropic 2.14.0 and litellm 1.108.7 (Python), reading a streamed answer that ends in the middle of a
#         sentence, without the words that end one (`finish_reason` and `[DONE]`; `message_stop`; `response.completed`). The
#         HTTP answer itself is in order, as a proxy writes it when what is behind it goes away.
# Guess:  they raise: half of a stream is not an answer, and openai's own helper for responses does raise.
# Seen:   chat completions and messages raise nothing. `get_final_completion()` and `get_final_message()` give the half as the
#         answer, with `finish_reason` and `stop_reason` None, which nobody looks at. LiteLLM adds what is missing: its last
#         chunk says `finish_reason: "stop"`, so behind it a cut answer cannot be told from a whole one.
#         Only an error that stands in the stream is raised: a server in between that notices the end has to write one.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 litellm==1.108.7
cat > half.py <<'PY'
"""A server whose streams end in the middle."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ASKED = [{"role": "user", "content": "Hi"}]
TEXTS = ("The answer ", "is")


def chat():
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return [{**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}
            for text in TEXTS]


def messages():
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
               "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
    begun = [{"type": "message_start", "message": message},
             {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}]
    return begun + [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
                    for text in TEXTS]


def responses():
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [],
                "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    told = [{"type": "response.created", "response": response},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.content_part.added", **at, "part": part}]
    told += [{"type": "response.output_text.delta", **at, "delta": text, "logprobs": []} for text in TEXTS]
    return [{**one, "sequence_number": place} for place, one in enumerate(told)]


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        told = {"chat": chat, "messages": messages, "responses": responses}[self.path.split("/")[2].split("?")[0]]()
        names = [f"event: {one['type']}\n" if "type" in one else "" for one in told]
        data = "".join(f"{name}data: {json.dumps(one)}\n\n" for name, one in zip(names, told)).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
PY
cat > sdks.py <<'PY'
from anthropic import Anthropic
from half import ASKED, URL
from openai import OpenAI

gpt = OpenAI(base_url=f"{URL}/v1", api_key="k", max_retries=0)
claude = Anthropic(base_url=URL, api_key="k", max_retries=0)
chunks = list(gpt.chat.completions.create(model="m", messages=ASKED, stream=True))
with gpt.chat.completions.stream(model="m", messages=ASKED) as stream:
    choice = stream.get_final_completion().choices[0]
with claude.messages.stream(model="m", max_tokens=9, messages=ASKED) as stream:
    message = stream.get_final_message()
try:
    with gpt.responses.stream(model="m", input="Hi") as stream:
        raised = stream.get_final_response().output_text
except RuntimeError as error:
    raised = str(error)
print("chat completions:", len(chunks), "chunks;", repr(choice.message.content), choice.finish_reason)
print("messages:        ", repr(message.content[0].text), message.stop_reason)
print("responses:       ", raised)
assert len(chunks) == 2
assert (choice.message.content, choice.finish_reason) == ("The answer is", None)
assert (message.content[0].text, message.stop_reason) == ("The answer is", None)
assert "Didn't receive" in raised
PY
cat > through_litellm.py <<'PY'
import litellm
from half import ASKED, URL

litellm.suppress_debug_info = True
chunks = list(litellm.completion(model="openai/m", api_base=f"{URL}/v1", api_key="k", messages=ASKED, stream=True))
ends = [chunk.choices[0].finish_reason for chunk in chunks]
print("LiteLLM:         ", repr("".join(chunk.choices[0].delta.content or "" for chunk in chunks)), ends[-1])
assert ends[-1] == "stop" and set(ends[:-1]) == {None}
print("as described")
PY
export LITELLM_LOCAL_MODEL_COST_MAP=True NO_PROXY=127.0.0.1
venv/bin/python sdks.py
venv/bin/python through_litellm.py

#!/usr/bin/env bash
# What:   anthropic 2.14.0 (Python), `client.beta.messages.tool_runner(...)`, which calls the tools that a model asks for.
# Guess:  it is a loop over `messages.create`: each request holds the whole history and the tools, as the API is stateless.
# Seen:   nobody asks for it, and the first request opens a thread at the server (`"thread": {"type": "create"}`). The second
#         holds the result of the tool and `"thread": {"type": "continue", "previous_message_id": ...}`: neither the question
#         nor the answer nor the tools. A proxy, a log or a cache that reads requests sees a result of a call it never saw,
#         and a server that passes over the unknown field `thread` answers a conversation without its beginning.
#         A server that has no threads can say so (400 with details.error_code `thread_unsupported_request`): then whole
#         histories come.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check anthropic==2.14.0
cat > seen.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from anthropic import Anthropic, beta_tool

REFUSAL = {"type": "error", "error": {"type": "invalid_request_error", "message": "no threads here", "details": {
    "error_code": "thread_unsupported_request", "unsupported": ["thread"]}}}


def answer(number):
    """A call of the tool, then words."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}
    words = {"type": "text", "text": "It is sunny."}
    return {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None,
            "content": [words if number else call], "stop_reason": "end_turn" if number else "tool_use",
            "usage": {"input_tokens": 1, "output_tokens": 1}}


def requests_of(refuses_threads):
    """The bodies that a run of the tool sends."""
    bodies, taken = [], []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            bodies.append(body)
            refused = refuses_threads and "thread" in body
            told = REFUSAL if refused else answer(len(taken))
            if not refused:
                taken.append(body)
            data = json.dumps(told).encode()
            self.send_response(400 if refused else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    @beta_tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return "sunny"

    client = Anthropic(base_url=f"http://127.0.0.1:{server.server_port}", api_key="k", max_retries=0)
    runner = client.beta.messages.tool_runner(
        model="m", max_tokens=100, tools=[weather], messages=[{"role": "user", "content": "Weather in Bern?"}])
    assert runner.until_done().content[-1].text == "It is sunny."
    server.shutdown()
    return bodies


first, second = requests_of(refuses_threads=False)
print("first: ", first["thread"], "tools:", len(first["tools"]), "turns:", len(first["messages"]))
print("second:", second["thread"], "tools:", len(second.get("tools") or []), "turns:", len(second["messages"]))
assert first["thread"] == {"type": "create"} and len(first["tools"]) == 1
assert second["thread"] == {"type": "continue", "previous_message_id": "msg_0"}
assert "tools" not in second and len(second["messages"]) == 1
assert second["messages"][0]["content"][0]["type"] == "tool_result"

refused, whole, last = requests_of(refuses_threads=True)
print("after a refusal:", [len(body["messages"]) for body in (whole, last)], "turns")
assert "thread" in refused and "thread" not in whole and "thread" not in last
assert len(last["messages"]) == 3 and len(last["tools"]) == 1
print("as described")
PY
venv/bin/python seen.py

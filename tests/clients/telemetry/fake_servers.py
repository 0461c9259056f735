"""A provider for instrumented clients: the answers of the recorded payloads, on loopback.

It counts 11 prompt tokens (4 cached) and 7 completion tokens (2 of reasoning) whenever it counts,
and answers ``Hello there.``, or calls ``weather`` where tools are offered and not yet answered.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
}


class Provider(BaseHTTPRequestHandler):
    """Chat completions and responses, whole and streamed."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked["model"] == "status-429":
            self._send(429, {"error": {"message": "fake 429"}})
        elif self.path.endswith("/responses"):
            self._respond(asked)
        else:
            self._complete(asked)

    def _complete(self, asked: dict[str, Any]) -> None:
        calls = bool(asked.get("tools")) and asked["messages"][-1]["role"] != "tool"
        head = {
            "id": "chatcmpl-AAA111",
            "created": 1_790_000_000,
            "model": f"{asked['model']}-2026",
        }
        finish = "tool_calls" if calls else "stop"
        if not asked.get("stream"):
            said = {"role": "assistant", "content": None if calls else "Hello there."}
            message = said | ({"tool_calls": [CALL]} if calls else {})
            choice = {"index": 0, "finish_reason": finish, "message": message}
            self._send(
                200, head | {"object": "chat.completion", "choices": [choice], "usage": USAGE}
            )
            return
        told = {"tool_calls": [{"index": 0} | CALL]} if calls else {"content": "Hello there."}
        deltas: list[tuple[dict[str, Any], str | None]] = [
            ({"role": "assistant"}, None),
            (told, None),
        ]
        if asked["model"] == "mid-error":
            deltas = [({"role": "assistant", "content": "Hel"}, None)]
        else:
            deltas.append(({}, finish))
        chunks: list[Any] = [
            head
            | {
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            }
            for delta, reason in deltas
        ]
        if asked["model"] == "mid-error":
            chunks.append({"error": {"message": "The server had an error", "type": "server_error"}})
        elif (asked.get("stream_options") or {}).get("include_usage"):
            chunks.append(head | {"object": "chat.completion.chunk", "choices": [], "usage": USAGE})
        self._stream([(None, chunk) for chunk in chunks], done=True)

    def _respond(self, asked: dict[str, Any]) -> None:
        given = asked["input"] if isinstance(asked["input"], list) else []
        answered = any(item.get("type") == "function_call_output" for item in given)
        item: dict[str, Any] = {
            "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hello there.", "annotations": []}],
        }  # fmt: skip
        if asked.get("tools") and not answered:
            item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather",
                    "arguments": '{"city":"Oslo"}', "status": "completed"}  # fmt: skip
        usage = {
            "input_tokens": 11, "output_tokens": 7, "total_tokens": 18,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 2},
        }  # fmt: skip
        whole = {
            "id": "resp_1", "object": "response", "created_at": 1_790_000_000,
            "status": "completed", "model": asked["model"], "output": [item], "usage": usage,
            "error": None,
            "incomplete_details": None, "instructions": None, "metadata": {}, "tools": [],
            "parallel_tool_calls": True, "tool_choice": "auto", "temperature": 1.0, "top_p": 1.0,
        }  # fmt: skip
        if not asked.get("stream"):
            self._send(200, whole)
            return
        begun = whole | {"status": "in_progress", "output": [], "usage": None}
        place = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
        empty = {"type": "output_text", "text": "", "annotations": []}
        text = {"text": "Hello there.", "logprobs": []}
        said = [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0,
             "item": item | {"status": "in_progress", "content": []}},
            {"type": "response.content_part.added", "part": empty} | place,
            {"type": "response.output_text.delta", "delta": "Hello there.", "logprobs": []} | place,
            {"type": "response.output_text.done"} | text | place,
            {"type": "response.content_part.done", "part": item["content"][0]} | place,
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]  # fmt: skip
        events = [(one["type"], one | {"sequence_number": n}) for n, one in enumerate(said)]
        self._stream(events, done=False)

    def _send(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _stream(self, events: list[tuple[Any, Any]], *, done: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for name, event in events:
            head = f"event: {name}\n" if name else ""
            self.wfile.write(f"{head}data: {json.dumps(event)}\n\n".encode())
        if done:
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


class Receiver(BaseHTTPRequestHandler):
    """Keeps every export that it is sent: path, content type, encoding, body."""

    protocol_version = "HTTP/1.1"
    kept: list[tuple[str, str, str, bytes]]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self._chunks() if "transfer-encoding" in self.headers else self._whole()
        encoding = self.headers.get("content-encoding", "")
        self.kept.append((self.path, self.headers.get("content-type", ""), encoding, body))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def _whole(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _chunks(self) -> bytes:
        """Node's exporter names no length."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server of this kind, which ends with the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

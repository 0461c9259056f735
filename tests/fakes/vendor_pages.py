"""Langfuse's and OpenAI's APIs of kept calls, as their references say that they answer.

Each is a handler of httpx's mock transport, and a server on loopback for what runs by itself.
"""

import base64
import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx

KEYS = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-1", "OPENAI_KEY": "sk-1"}


def date(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds")


def observation(number: int, at: float, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"obs-{number:04}",
        "traceId": f"{number:032x}",
        "type": "GENERATION",
        "startTime": date(at),
        "endTime": date(at + 1),
        "providedModelName": "gpt-5-mini-2026",
        "model": "gpt-5-mini-2026",
        "input": json.dumps([{"role": "user", "content": f"What is {number}?"}]),
        "output": json.dumps({"role": "assistant", "content": "A number."}),
        "usageDetails": {"input": 8, "output": 3},
        "level": "DEFAULT",
    } | changes


def completion(number: int, at: float, **changes: Any) -> dict[str, Any]:
    return {
        "object": "chat.completion",
        "id": f"chatcmpl-{number:04}",
        "model": "gpt-5-mini-2026",
        "created": int(at),
        "usage": {"prompt_tokens": 8, "completion_tokens": 3},
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "A number."},
            }
        ],
    } | changes


class FakeVendor:
    """Keeps records, notes what it is asked, and first gives the answers that it was told to."""

    authorization: ClassVar[str]

    def __init__(self, *records: dict[str, Any]) -> None:
        self.records = list(records)
        self.told: list[httpx.Response] = []
        self.asked: list[httpx.URL] = []
        self.most = 100
        self.refuses = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if self.told:
            return self.told.pop(0)
        if self.refuses or request.headers["authorization"] != self.authorization:
            return httpx.Response(401, json={"message": "Invalid credentials"})
        return self.answer(request.url.path, dict(request.url.params))

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    @property
    def paths(self) -> list[str]:
        return [url.path for url in self.asked]

    def answer(self, path: str, params: dict[str, str]) -> httpx.Response:
        raise NotImplementedError

    @contextmanager
    def served(self) -> Iterator[str]:
        """On a port of loopback; gives its address."""
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = f"http://vendor.test{self.path}"
                answered = vendor(httpx.Request("GET", url, headers=dict(self.headers)))
                self.send_response(answered.status_code)
                self.send_header("content-length", str(len(answered.content)))
                self.end_headers()
                self.wfile.write(answered.content)

            def log_message(self, *_: Any) -> None:
                """Nothing: a test's output is its own."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


class FakeLangfuse(FakeVendor):
    """Observations, newest first, by cursor; by page where it is older than version 4."""

    authorization = "Basic " + base64.b64encode(b"pk-lf-1:sk-lf-1").decode()
    v2 = True

    def answer(self, path: str, params: dict[str, str]) -> httpx.Response:
        found = sorted(
            (
                one
                for one in self.records
                if one.get("type") == params["type"]
                and params["fromStartTime"] <= one["startTime"] < params["toStartTime"]
            ),
            key=lambda one: (one["startTime"], one["id"]),
            reverse=True,
        )
        limit = min(int(params["limit"]), self.most)
        if path == "/api/public/observations":
            number = int(params["page"])
            pages = -(-len(found) // limit)
            meta = {"page": number, "limit": limit, "totalItems": len(found), "totalPages": pages}
            return httpx.Response(
                200, json={"data": found[(number - 1) * limit : number * limit], "meta": meta}
            )
        if path != "/api/public/v2/observations" or not self.v2:
            return httpx.Response(404, json={"message": "only in a v4 write mode"})
        assert "io" in params["fields"].split(",")
        if "cursor" in params:
            try:
                mark = tuple(json.loads(base64.b64decode(params["cursor"], validate=True)))
            except ValueError:
                return httpx.Response(400, json={"message": "Invalid cursor"})
            found = [one for one in found if (one["startTime"], one["id"]) < mark]
        page, more = found[:limit], len(found) > limit
        cursor = (
            base64.b64encode(json.dumps([page[-1]["startTime"], page[-1]["id"]]).encode())
            if more
            else b""
        )
        meta = {"cursor": cursor.decode()} if more else {}
        return httpx.Response(200, json={"data": page, "meta": meta})


class FakeOpenAI(FakeVendor):
    """Stored completions, oldest first, their messages on pages of their own."""

    authorization = "Bearer sk-1"
    # What a cursor that is gone is answered; the reference does not say.
    gone = 404

    def __init__(self, *records: dict[str, Any]) -> None:
        super().__init__(*records)
        self.messages: dict[str, list[dict[str, Any]]] = {}

    def answer(self, path: str, params: dict[str, str]) -> httpx.Response:
        assert params["order"] == "asc"
        if path.endswith("/messages"):
            completion_id = path.split("/")[-2]
            if all(one["id"] != completion_id for one in self.records):
                return httpx.Response(404, json={"error": {"message": "not found"}})
            asked = {"id": "m0", "role": "user", "content": f"What is {completion_id}?"}
            return self._page(self.messages.get(completion_id, [asked]), params)
        if path not in {"/v1/chat/completions", "/chat/completions"}:
            return httpx.Response(404)
        return self._page(sorted(self.records, key=lambda one: one["created"]), params)

    def _page(self, found: list[dict[str, Any]], params: dict[str, str]) -> httpx.Response:
        ids = [one["id"] for one in found]
        if "after" in params:
            if params["after"] not in ids:
                return httpx.Response(self.gone, json={"error": {"message": "not found"}})
            found = found[ids.index(params["after"]) + 1 :]
        limit = min(int(params["limit"]), self.most)
        page = found[:limit]
        return httpx.Response(
            200,
            json={
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(found) > limit,
            },
        )

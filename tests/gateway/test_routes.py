"""Paths and methods, with nothing behind them but what says that it was reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tierwatch.gateway.asgi import Reply, Request, json_reply
from tierwatch.gateway.routes import Gateway

CHATS = ("/v1/chat/completions", "/v1/messages", "/v1/responses")


class Small:
    """Endpoints that say what they were asked."""

    @property
    def routes(self) -> Any:
        return {"/healthz": ("GET", self.asked), "/v1/feedback": ("POST", self.asked)}

    async def asked(self, request: Request) -> Reply:
        return json_reply({"query": request.query.decode(), "headers": len(request.headers)})

    async def model(self, request: Request) -> Reply:
        if request.name == "broken":
            raise ZeroDivisionError
        return json_reply({"name": request.name})


async def chat(scope: Any, receive: Any, send: Any) -> None:
    del receive
    if scope["query_string"] == b"broken":
        raise ZeroDivisionError
    await Reply(b"chat").send(send)
    if scope["query_string"] == b"broken_later":
        raise ZeroDivisionError


class Shown:
    """Says what is asked of it."""

    async def show(self, request: Request) -> Reply:
        return Reply(b"shown " + request.name.encode())

    async def forget(self, request: Request) -> Reply:
        return Reply(b"forgotten " + request.name.encode())


@asynccontextmanager
async def opened() -> AsyncIterator[None]:
    yield


class Sent:
    """What a caller gets; a second start is refused, as by the server."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        if self.messages and message["type"] == "http.response.start":
            raise RuntimeError("a reply has begun")
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return bytes(self.messages[1]["body"])


def ask(
    method: str,
    path: str,
    query: bytes = b"",
    sent: Sent | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = ((b"a", b"1"),),
) -> Sent:
    sent = sent or Sent()
    scope = {"type": "http", "method": method, "path": path, "query_string": query}
    app = Gateway(dict.fromkeys(CHATS, chat), Small(), Shown(), opened)

    async def receive() -> Any:
        raise AssertionError

    asyncio.run(app({**scope, "headers": list(headers)}, receive, sent))
    return sent


@pytest.mark.parametrize("path", CHATS)
def test_a_chat_is_served_by_its_endpoint(path: str) -> None:
    assert ask("POST", path).body == b"chat"


def test_a_small_endpoint_is_given_headers_and_query() -> None:
    assert json.loads(ask("GET", "/healthz", b"strict=1").body) == {
        "query": "strict=1",
        "headers": 1,
    }


@pytest.mark.parametrize("name", ["auto", "org/model"])
def test_a_model_is_named_by_the_rest_of_the_path(name: str) -> None:
    assert json.loads(ask("GET", f"/v1/models/{name}").body) == {"name": name}


def test_who_asks_for_the_head_alone_is_answered_as_with_the_body() -> None:
    assert ask("HEAD", "/healthz").status == 200
    assert ask("HEAD", "/v1/models/auto").status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", b"POST"),
        ("HEAD", "/v1/messages", b"POST"),
        ("POST", "/healthz", b"GET, HEAD"),
        ("DELETE", "/v1/models/auto", b"GET, HEAD"),
        ("GET", "/v1/feedback", b"POST"),
        ("OPTIONS", "/v1/feedback", b"POST"),
        ("PUT", "/v1/responses/resp_1", b"GET, HEAD, DELETE"),
        ("POST", "/v1/responses/resp_1", b"GET, HEAD, DELETE"),
    ],
)
def test_another_method_is_405_and_told_which_is_right(
    method: str, path: str, allowed: bytes
) -> None:
    sent = ask(method, path)
    assert (sent.status, sent.headers[b"allow"]) == (405, allowed)
    assert json.loads(sent.body)["error"]["message"] == f"{method} {path}: Method Not Allowed."


@pytest.mark.parametrize("path", ["/", "", "/v1/nothing", "/v1/models", "//healthz", "/nothing/"])
def test_another_path_is_404_in_the_envelope(path: str) -> None:
    sent = ask("GET", path)
    assert sent.status == 404
    assert json.loads(sent.body)["error"]["message"] == f"GET {path}: Not Found."


def test_elsewhere_the_envelope_is_that_of_the_client_that_asks() -> None:
    said = ask("GET", "/v1/files", headers=((b"anthropic-version", b"2023-06-01"),))
    assert (said.status, json.loads(said.body)["error"]["type"]) == (404, "not_found_error")
    assert json.loads(said.body)["type"] == "error"
    assert "type" not in json.loads(ask("GET", "/v1/files").body)


def test_who_would_rather_have_a_websocket_is_sent_to_http() -> None:
    # Codex asks for one, and after 405 asks seven times more before it goes on.
    upgrade = ((b"connection", b"Upgrade"), (b"upgrade", b"websocket"))
    assert ask("GET", "/v1/chat/completions", headers=upgrade).status == 426
    assert ask("GET", "/healthz", headers=upgrade).status == 200
    assert ask("POST", "/v1/messages", headers=upgrade).status == 200


def test_below_anthropics_path_the_envelope_is_anthropics() -> None:
    assert json.loads(ask("GET", "/v1/messages/batches").body)["type"] == "error"


@pytest.mark.parametrize("path", ["/healthz", "/v1/chat/completions"])
def test_a_slash_too_many_is_sent_on_with_its_query(path: str) -> None:
    sent = ask("POST", f"{path}/", b"a=1")
    assert (sent.status, sent.headers[b"location"]) == (307, path.encode() + b"?a=1")
    assert ask("POST", f"{path}/").headers[b"location"] == path.encode()


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [("POST", "/v1/chat/completions", b"broken"), ("GET", "/v1/models/broken", b"")],
)
def test_our_own_mistake_is_500_and_reaches_the_server(
    method: str, path: str, query: bytes
) -> None:
    sent = Sent()
    with pytest.raises(ZeroDivisionError):
        ask(method, path, query, sent)
    assert sent.status == 500
    assert json.loads(sent.body)["error"]["type"] == "api_error"


def test_a_mistake_behind_a_reply_that_has_begun_reaches_the_server_alone() -> None:
    sent = Sent()
    with pytest.raises(ZeroDivisionError):
        ask("POST", "/v1/chat/completions", b"broken_later", sent)
    assert (sent.status, len(sent.messages)) == (200, 2)


def test_the_server_opens_and_closes_it() -> None:
    messages = iter(["lifespan.startup", "lifespan.shutdown"])
    told = Sent()

    async def receive() -> Any:
        return {"type": next(messages)}

    app = Gateway({}, Small(), Shown(), opened)
    asyncio.run(app({"type": "lifespan"}, receive, told))
    assert [one["type"] for one in told.messages] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/v1/responses/resp_1", 200, b"shown resp_1"),
        ("DELETE", "/v1/responses/resp_1", 200, b"forgotten resp_1"),
        ("POST", "/v1/responses/resp_1", 405, b""),
        ("GET", "/v1/responses/resp_1/input_items", 404, b""),
    ],
)
def test_a_response_is_found_by_its_id(method: str, path: str, status: int, body: bytes) -> None:
    sent = ask(method, path)
    assert sent.status == status
    assert not body or sent.body == body


def test_a_name_that_is_empty_is_a_slash_too_many() -> None:
    sent = ask("POST", "/v1/responses/")
    assert (sent.status, sent.headers[b"location"]) == (307, b"/v1/responses")
    # Neither the model nor the response without a name.
    for path in ("/v1/models/", "/v1/responses/"):
        assert ask("GET", path).status != 200

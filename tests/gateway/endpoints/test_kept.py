"""Responses by their id, at us or at the provider that keeps them."""

import asyncio
import json
from typing import Any

import pytest

from tierwatch.config.gateway import ResponsesConfig
from tierwatch.errors import ProviderError
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.asgi import Reply, Request
from tierwatch.gateway.endpoints.kept import KeptEndpoint
from tierwatch.gateway.memory.kept_responses import Kept, KeptResponses

OURS = Kept("", "simple", [], {"id": "resp_1", "output": []}, "s")
THEIRS = Kept("lab", "simple", [], None, "s")


class Fetching:
    """A provider that is asked for what it keeps."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str]] = []

    async def fetch(self, provider: str, method: str, path: str, **_: Any) -> "Fetched":
        self.asked.append((provider, method, path))
        answer = self.answers.pop(0)
        if isinstance(answer, ProviderError):
            raise answer
        return Fetched(*answer)


class Fetched:
    """What such a provider answers."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self._body = body

    async def read_whole(self) -> bytes:
        return self._body

    def close(self) -> None:
        self._body = b"closed"


async def never() -> Any:
    raise AssertionError


def ask(
    *methods: str,
    kept: Kept = OURS,
    name: str = "resp_1",
    key: bytes = b"a-key",
    query: bytes = b"",
    upstream: Fetching | None = None,
) -> list[Reply]:
    async def act() -> list[Reply]:
        async with KeptResponses(ResponsesConfig(), None, lambda: 0.0) as responses:
            responses.keep(b"a-key", "resp_1", kept)
            keys = Keys({"a-key": "a", "b-key": "b"})
            endpoint = KeptEndpoint(keys, responses, upstream or Fetching())  # type: ignore[arg-type]
            request = Request({b"authorization": b"Bearer " + key}, never, query, name)
            acts = {"GET": endpoint.show, "DELETE": endpoint.forget}
            return [await acts[method](request) for method in methods]

    return asyncio.run(act())


def test_ours_is_shown_until_it_is_forgotten() -> None:
    shown, gone, after = ask("GET", "DELETE", "GET")
    assert json.loads(shown.body) == OURS.response
    assert json.loads(gone.body) == {"id": "resp_1", "object": "response", "deleted": True}
    assert (after.status, json.loads(after.body)["error"]["param"]) == (404, "id")


@pytest.mark.parametrize(
    ("key", "name", "status"),
    [(b"b-key", "resp_1", 404), (b"a-key", "resp_2", 404), (b"a-key", "r" * 9_999, 404),
     (b"no-key", "resp_1", 401), (b"", "resp_1", 401)],
)  # fmt: skip
def test_nobody_is_shown_anothers(key: bytes, name: str, status: int) -> None:
    [shown] = ask("GET", key=key, name=name)
    assert shown.status == status
    assert len(shown.body) < 1_000


def test_a_provider_is_asked_for_what_it_keeps() -> None:
    upstream = Fetching((200, b'{"id": "resp_1"}'), (200, b'{"deleted": true}'))
    shown, gone, after = ask(
        "GET", "DELETE", "GET", kept=THEIRS, query=b"include=x", upstream=upstream
    )
    assert (shown.body, gone.body, after.status) == (b'{"id": "resp_1"}', b'{"deleted": true}', 404)
    assert upstream.asked == [
        ("lab", "GET", "resp_1?include=x"),
        ("lab", "DELETE", "resp_1?include=x"),
    ]


def test_what_a_provider_has_lost_or_cannot_say_is_said() -> None:
    down = ProviderError("lab cannot be reached.", kind="connection")
    answers = ((404, b'{"error": {}}'), (401, b"{}"), (503, b"{}"), down)
    lost, ours, theirs, failed = ask("GET", "GET", "GET", "DELETE", kept=THEIRS,
                                     upstream=Fetching(*answers))  # fmt: skip
    assert lost.body == b'{"error": {}}'
    assert lost.status == 404
    assert ours.status != 200
    assert theirs.status == 502
    assert (failed.status, b"cannot be reached" in failed.body) == (502, True)


def test_what_other_gateways_may_still_show_is_not_called_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def not_now(self: KeptResponses, key: bytes, response_id: str) -> bool:
        return False

    monkeypatch.setattr(KeptResponses, "drop", not_now)
    [reply] = ask("DELETE")
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (503, "not_deleted")

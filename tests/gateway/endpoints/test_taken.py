import asyncio
from typing import Any

import pytest

from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.endpoints.taken import Taken, taken
from tierwatch.wire.refusal import Refusal

KEYS = Keys({"k": "team-a"})


def take(message: dict[str, Any], **headers: bytes) -> Any:
    async def receive() -> Any:
        return message

    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return asyncio.run(taken(KEYS, named, receive, 10))


def test_a_body_comes_with_the_name_of_its_key() -> None:
    assert take({"type": "http.request", "body": b"{}"}, x_api_key=b"k") == Taken(b"{}", "team-a")


@pytest.mark.parametrize(("key", "body", "status"), [(b"no", b"{}", 401), (b"k", b"x" * 11, 413)])
def test_what_is_not_taken(key: bytes, body: bytes, status: int) -> None:
    refusal = take({"type": "http.request", "body": body}, x_api_key=key)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status


def test_who_leaves_has_asked_nothing() -> None:
    assert take({"type": "http.disconnect"}, x_api_key=b"k") is None

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.accept.body import read_body
from tierwatch.wire.refusal import Refusal

MOST = 2 * 1024 * 1024


def read(
    *parts: bytes, headers: dict[bytes, bytes] | None = None, leaves: bool = False, most: int = MOST
) -> tuple[Any, int]:
    """What is made of a body in parts, and how many messages were taken for it."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.disconnect" if leaves else "http.request"})
    taken = iter(messages)
    count = 0

    async def receive() -> Any:
        nonlocal count
        count += 1
        return next(taken)

    return asyncio.run(read_body(receive, headers or {}, most)), count


@given(st.lists(st.binary(max_size=50), max_size=6))
def test_parts_are_put_together(parts: list[bytes]) -> None:
    assert read(*parts)[0] == b"".join(parts)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6), st.integers(0, 120))
def test_a_body_is_read_up_to_its_limit_and_not_beyond(parts: list[bytes], most: int) -> None:
    whole = b"".join(parts)
    found, _ = read(*parts, most=most)
    assert isinstance(found, Refusal) if len(whole) > most else found == whole


def test_nothing_is_read_of_a_body_that_says_it_is_too_large() -> None:
    found, taken = read(b"x", headers={b"content-length": b"%d" % (MOST + 1)})
    assert isinstance(found, Refusal)
    assert (found.status, found.code, taken) == (413, "request_too_large", 0)
    assert "2 MB" in found.message


@pytest.mark.parametrize("declared", [b"", b"-1", b"many", b"%d" % MOST])
def test_what_a_length_says_otherwise_is_not_believed(declared: bytes) -> None:
    assert read(b"{}", headers={b"content-length": declared})[0] == b"{}"


@pytest.mark.parametrize("parts", [(), (b"{",), (b"{", b'"model"')])
def test_a_caller_who_leaves_gets_nothing(parts: tuple[bytes, ...]) -> None:
    assert read(*parts, leaves=True)[0] is None

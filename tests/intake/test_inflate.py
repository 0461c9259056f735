"""Compressed bodies: whole ones, bombs, and what is none."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.inflate import TooLargeError, inflated
from tierwatch.intake.unreadable import UnreadableError


@given(st.binary(max_size=2_000))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert inflated(body, "", 1) == body  # not compressed: measured before
    assert inflated(gzip.compress(body), "gzip", 2_000) == body
    assert inflated(zlib.compress(body), "deflate", 2_000) == body


def test_members_in_a_row_are_one_body() -> None:
    assert inflated(gzip.compress(b"ab") + gzip.compress(b"c"), "gzip", 3) == b"abc"


def test_a_bomb_is_given_up_at_the_limit() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 60_000
    with pytest.raises(TooLargeError):
        inflated(bomb, "gzip", 1_000_000)
    with pytest.raises(TooLargeError):
        inflated(gzip.compress(b"0" * 600) * 2, "gzip", 1_000)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{}", "not compressed as"),
        (gzip.compress(b"0" * 100)[:-9], "was cut"),
        (gzip.compress(b"a") + b"rest", "not compressed as"),
    ],
)
def test_what_is_not_compressed_is_said(body: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        inflated(body, "gzip", 1_000)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_end_in_a_body_or_a_sentence(body: bytes, encoding: str) -> None:
    with contextlib.suppress(UnreadableError, TooLargeError):
        assert len(inflated(body, encoding, 500)) <= 500

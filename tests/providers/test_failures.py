"""What a provider's HTTP status says went wrong."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.providers.failures import kept_text, refusal, retry_after_s

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ERROR = b'{"error": {"message": "Because."}}'


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused"),
        (401, "refused"),
        (408, "timeout"),
        (422, "refused"),
        (429, "rate_limited"),
        (500, "server"),
        (503, "server"),
        (529, "server"),
        (204, "unreadable"),
        (302, "unreadable"),
    ],
)
def test_a_status_is_of_one_kind(status: int, kind: str) -> None:
    error = refusal("p", status, {}, ERROR)
    assert (error.kind, error.status, error.body) == (kind, status, ERROR.decode())
    assert str(error) == f"p answered {status}: Because."


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b"\xff\xfe", b"[]", b"null"])
def test_a_body_without_a_sentence_leaves_the_status(content: bytes) -> None:
    assert str(refusal("p", 500, {}, content)) == "p answered 500."


@given(content=st.binary(max_size=10_000) | st.text(min_size=1_900, max_size=2_100).map(str.encode))
def test_a_body_is_kept_to_2000_characters(content: bytes) -> None:
    kept = kept_text(content)
    assert len(kept) <= 2_000
    whole = content.decode("utf-8", "replace")
    # A character cut at the end of the bytes that are read is beyond the limit, or a mark.
    assert whole.startswith(kept.rstrip("\ufffd"))
    assert len(kept) == min(2_000, len(whole))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),  # a time without a zone is UTC
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("1.2.3", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, now=NOW) == seconds


def test_how_long_to_wait_is_read_from_the_headers() -> None:
    assert refusal("p", 429, {"retry-after": "7"}, b"").retry_after_s == 7.0
    assert refusal("p", 429, {}, b"").retry_after_s is None

"""What a provider's HTTP status says went wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.providers.failures import kept_text, refusal
from tierwatch.retry_after import LONGEST_READ_S

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


def test_how_long_to_wait_is_read_from_the_headers() -> None:
    assert refusal("p", 429, {"retry-after": "7"}, b"").retry_after_s == 7.0
    assert refusal("p", 429, {"retry-after-ms": "70"}, b"").retry_after_s == 0.07
    assert refusal("p", 429, {"retry-after": "9" * 400}, b"").retry_after_s == LONGEST_READ_S
    assert refusal("p", 429, {}, b"").retry_after_s is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'[{"error": {"code": 400, "message": "No."}}]', "No."),
        (b'{"detail": "No."}', "No."),
        (b'{"message": "No."}', "No."),
        (b'{"errors": [{"message": "No."}]}', "No."),
        (b'{"error": {"error": {"msg": "No."}}}', "No."),
        (b'{"object": "error", "message": "No.", "code": 400}', "No."),
        (b"No.", "No."),
        (b"<html><style>a{}</style><title>No.</title></html>", "No."),
    ],
)
def test_the_providers_sentence_is_found_wherever_it_stands(content: bytes, sentence: str) -> None:
    assert str(refusal("p", 400, {}, content)) == f"p answered 400: {sentence}"


def test_of_a_long_body_what_it_says_is_kept_and_still_json() -> None:
    long = {"message": "Too long. " + "x" * 5_000, "code": "context_length_exceeded", "param": "m"}
    for said in ({"error": long}, [{"error": long}], {"type": "error", "error": long}):
        error = refusal("p", 400, {}, json.dumps(said).encode())
        assert len(error.body) <= 2_000
        kept = json.loads(error.body)
        assert kept["error"]["code"] == "context_length_exceeded"
        assert kept["error"]["message"].startswith("Too long. xxx")
        assert kept.get("type") == (said.get("type") if isinstance(said, dict) else None)


@given(st.binary(max_size=3_000) | st.text(max_size=800).map(str.encode))
def test_whatever_a_body_holds_it_is_an_error_of_bounded_size(content: bytes) -> None:
    error = refusal("p", 400, {}, content)
    assert len(error.body) <= 2_000
    assert len(str(error)) < 2_100

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.providers.told import told, told_to


def test_ids_and_limits_are_told_and_nothing_else() -> None:
    fields = [
        (b"Request-Id", b"req_1"),
        (b"X-RateLimit-Remaining-Tokens", b"10"),
        (b"anthropic-ratelimit-tokens-reset", b"soon"),
        (b"set-cookie", b"a=b"),
        (b"connection", b"close"),
        (b"transfer-encoding", b"chunked"),
        (b"content-length", b"9"),
        (b"openai-organization", b"org"),
        (b"x-request-id-of-another", b"1"),
    ]
    assert told(fields) == (
        (b"request-id", b"req_1"),
        (b"x-ratelimit-remaining-tokens", b"10"),
        (b"anthropic-ratelimit-tokens-reset", b"soon"),
    )


@pytest.mark.parametrize(
    ("caller", "name"),
    [("openai", b"x-request-id"), ("anthropic", b"request-id"), ("responses", b"x-request-id")],
)
def test_the_id_has_the_name_that_the_callers_client_reads(caller: str, name: bytes) -> None:
    for theirs in (b"request-id", b"x-request-id"):
        limit = (b"x-ratelimit-limit-tokens", b"1")
        assert told_to(caller, ((theirs, b"req_1"), limit)) == [(name, b"req_1"), limit]


def test_what_is_no_id_is_not_told() -> None:
    assert told([(b"x-request-id", b"x" * 201)]) == ()
    assert len(told([(b"x-ratelimit-a", b"1")] * 500)) == 40


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=300))))
def test_whatever_a_head_holds(fields: list[tuple[bytes, bytes]]) -> None:
    for name, value in told(fields):
        assert name == name.lower()
        assert len(value) <= 200

import pytest

from tierwatch.gateway.answer.forwarded import forwarded

TRACE = {b"traceparent": b"00-1-2-01", b"tracestate": b"a=1"}
OWN = {
    b"authorization": b"Bearer key",
    b"x-api-key": b"key",
    b"cookie": b"c",
    b"connection": b"close",
    b"x-session-id": b"s",
    b"host": b"h",
}


@pytest.mark.parametrize("caller", ["openai", "anthropic", "responses"])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "responses"])
def test_a_trace_passes_to_every_provider_and_what_is_ours_to_none(
    caller: str, provider: str
) -> None:
    found = forwarded({**TRACE, **OWN}, caller, provider)
    assert found == {"traceparent": "00-1-2-01", "tracestate": "a=1"}
    assert forwarded(OWN, caller, provider) is None


def test_what_a_client_says_of_its_wire_stays_on_it() -> None:
    headers = {b"anthropic-beta": b"b", b"anthropic-version": b"v", b"x-client-request-id": b"1"}
    assert forwarded(headers, "anthropic", "anthropic") == {
        "anthropic-version": "v",
        "anthropic-beta": "b",
    }
    assert forwarded(headers, "anthropic", "openai") is None
    assert forwarded(headers, "openai", "openai") == {"x-client-request-id": "1"}
    assert forwarded(headers, "openai", "anthropic") is None


def test_a_trace_of_megabytes_stays_here() -> None:
    assert forwarded({b"traceparent": b"x" * 10**6}, "openai", "openai") is None
    # A state without its trace says nothing.
    assert forwarded({b"tracestate": b"a=1"}, "openai", "openai") is None

"""Where in somebody's traces an exchange stands, by what is kept among its headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.store.traced.their_span import (
    SOURCE,
    SPAN,
    TRACE,
    TheirSpan,
    is_chance,
    is_ours,
    passed_on,
    reported,
    source_of,
    their_span,
)

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
hexadecimal = st.text("0123456789abcdef", min_size=32, max_size=32).filter(lambda t: int(t, 16))


def test_a_callers_span_is_the_parent_of_the_exchange() -> None:
    assert their_span({"traceparent": PARENT}) == TheirSpan(TRACE_ID, SPAN_ID)
    assert source_of({"traceparent": PARENT}) == ""


def test_a_later_version_may_say_more() -> None:
    assert their_span({"traceparent": f"01-{TRACE_ID}-{SPAN_ID}-01-more"}) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "x", PARENT.upper(), PARENT[:-1], f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01", f"00-{TRACE_ID}-{'0' * 16}-01", f"00-[CARD]-{SPAN_ID}-01",
    ],
)  # fmt: skip
def test_what_is_not_of_the_standard_is_none(text: str) -> None:
    assert their_span({"traceparent": text}) is None


@pytest.mark.parametrize("headers", [None, {}, {"anthropic-beta": "x"}])
def test_without_a_trace_there_is_none(headers: dict[str, str] | None) -> None:
    assert their_span(headers) is None
    assert source_of(headers) == ""


@given(hexadecimal, hexadecimal)
def test_what_a_source_reported_comes_back(trace_id: str, span: str) -> None:
    kept = reported("chat", trace_id, span[:16])
    assert their_span(kept) == TheirSpan(trace_id, span[:16], "chat")
    assert source_of(kept) == "chat"


def test_ids_need_not_be_of_the_standard() -> None:
    assert their_span(reported("chat", "trace-1", "gen-7")) == TheirSpan("trace-1", "gen-7", "chat")


@pytest.mark.parametrize(
    ("trace", "span"), [("", ""), ("", "s"), ("t" * 201, "s"), ("t", "s" * 201)]
)
def test_ids_that_are_none_are_left_out_and_the_source_stays(trace: str, span: str) -> None:
    kept = reported("litellm", trace, span)
    assert kept == {SOURCE: "litellm"}
    assert their_span(kept) is None


def test_what_a_source_reported_goes_before_a_header() -> None:
    both = {"traceparent": PARENT, **reported("chat", "t", "s")}
    assert their_span(both) == TheirSpan("t", "s", "chat")


def test_nothing_of_ours_is_passed_on() -> None:
    sent = {"anthropic-beta": "x", "traceparent": PARENT}
    assert passed_on({**sent, **reported("chat", "t", "s")}) == sent
    assert passed_on(sent) is sent
    assert passed_on(None) is None
    assert {name for name in (TRACE, SPAN, SOURCE, "traceparent") if is_ours(name)} == {
        TRACE, SPAN, SOURCE,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "chance"),
    [
        ("traceparent", PARENT, True),
        ("traceparent", f"01-{TRACE_ID}-{SPAN_ID}-01-ada@example.com", False),
        ("traceparent", "ada@example.com", False),
        (TRACE, TRACE_ID, True),
        (TRACE, "4111111111111111", True),  # sixteen digits by chance
        (TRACE, "ada@example.com", False),
        (SPAN, SPAN_ID, True),
        (SPAN, "", True),
        (SOURCE, "chat-2", True),
        ("anthropic-beta", TRACE_ID, False),
    ],
)
def test_what_is_chance_and_what_may_be_somebodys_words(
    name: str, value: str, *, chance: bool
) -> None:
    assert is_chance(name, value) is chance

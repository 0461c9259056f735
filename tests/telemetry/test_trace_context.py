import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.telemetry.trace_context import (
    Parent,
    read_traceparent,
    span_id_of,
    trace_id_of,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-ff", True),
        (f"01-{TRACE}-{SPAN}-03-what-came-later", True),
    ],
)
def test_whose_trace_it_is(text: str, *, sampled: bool) -> None:
    assert read_traceparent(text) == Parent(bytes.fromhex(TRACE), bytes.fromhex(SPAN), sampled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-1",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_no_trace(text: str) -> None:
    assert read_traceparent(text) is None


@given(st.text(max_size=80))
def test_any_text_is_read_or_not(text: str) -> None:
    assert read_traceparent(text) is None


@given(st.floats(0, 4e9))
def test_the_ids_of_an_exchange_are_of_the_standard(epoch_s: float) -> None:
    own = new_exchange_id(epoch_s)
    assert any(trace_id_of(own))
    assert any(span_id_of(own))
    assert (len(trace_id_of(own)), len(span_id_of(own))) == (16, 8)


def test_two_exchanges_have_two_spans() -> None:
    ids = {span_id_of(new_exchange_id(1.0)) for _ in range(1_000)}
    assert len(ids) == 1_000
    assert span_id_of(uuid.UUID(int=7)) == b"\0" * 7 + b"\7"

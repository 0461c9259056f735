"""OTLP's protobuf: the same telemetry as from JSON, or a sentence."""

import json
from contextlib import suppress

import pytest
from factories.otlp import (
    details_of,
    gen_ai,
    logs_json,
    logs_protobuf,
    old_records,
    span,
    traces_json,
    traces_protobuf,
)
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tierwatch.intake.otlp.json_requests import records_of_json, spans_of_json
from tierwatch.intake.otlp.protobuf_requests import records_of_protobuf, spans_of_protobuf
from tierwatch.intake.otlp.telemetry import CHUNK, NO_ID, Event, Telemetry

VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_both_encodings_say_the_same(attributes: dict[str, object]) -> None:
    sent = span(attributes, parent="00000000000000aa", failed=True, message="no", dropped=1)
    assert spans_of_protobuf(traces_protobuf([sent])) == Telemetry((sent,))
    assert spans_of_json(json.dumps(traces_json([sent])).encode()).spans == (sent,)


@given(st.none() | VALUES)
def test_both_encodings_say_the_same_of_records(content: object) -> None:
    sent = old_records()[0]._replace(body=content)
    assert records_of_protobuf(logs_protobuf([sent])) == Telemetry((), (sent,))
    assert records_of_json(json.dumps(logs_json([sent])).encode()).records == (sent,)


def test_structured_messages_of_records_are_whole() -> None:
    sent = details_of()
    assert records_of_protobuf(logs_protobuf([sent])).records == (sent,)


def test_attributes_without_a_value_are_left_out() -> None:
    sent = span(gen_ai(gen_ai__request__max_tokens=None))
    (read,) = spans_of_protobuf(traces_protobuf([sent])).spans
    assert "gen_ai.request.max_tokens" not in read.attributes


def test_of_a_streams_chunks_the_first_is_kept() -> None:
    chunks = [Event(CHUNK, at, {"index": at}) for at in (5, 6, 7)]
    (read,) = spans_of_protobuf(traces_protobuf([span({}, events=chunks)])).spans
    assert read.events == (Event(CHUNK, 5, {}),)


def test_infinity_is_no_value() -> None:
    """The store takes JSON, which has no word for it."""
    request = ExportTraceServiceRequest.FromString(traces_protobuf([span({"a": 1.0, "b": 2.0})]))
    attributes = request.resource_spans[0].scope_spans[0].spans[0].attributes
    attributes[0].value.double_value = float("inf")
    attributes[1].value.double_value = float("nan")
    assert spans_of_protobuf(request.SerializeToString()).spans[0].attributes == {}


def test_bytes_are_base64_as_in_json() -> None:
    request = ExportTraceServiceRequest.FromString(traces_protobuf([span({"a": 1})]))
    request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value.bytes_value = b"\x00\x01"
    assert spans_of_protobuf(request.SerializeToString()).spans[0].attributes == {"a": "AAE="}


@pytest.mark.parametrize("bad", [b"", b"\x00" * 16, b"\x01" * 15])
def test_a_span_without_a_valid_id_is_counted(bad: bytes) -> None:
    request = ExportTraceServiceRequest.FromString(traces_protobuf([span({}), span({}, number=2)]))
    request.resource_spans[0].scope_spans[0].spans[0].trace_id = bad
    read = spans_of_protobuf(request.SerializeToString())
    assert (len(read.spans), read.counted) == (1, {NO_ID: 1})


@pytest.mark.parametrize("read", [spans_of_protobuf, records_of_protobuf])
def test_what_is_no_message_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=r"no Export.*ServiceRequest in protobuf"):
        read(b"\xff\xff")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_sentence(raw: bytes) -> None:
    for read in (spans_of_protobuf, records_of_protobuf):
        with suppress(ValueError):
            read(raw)


@given(st.data())
def test_a_message_cut_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    whole = traces_protobuf([span(gen_ai())])
    cut = data.draw(st.integers(0, len(whole)))
    try:
        telemetry = spans_of_protobuf(whole[:cut])
    except ValueError:
        return
    assert len(telemetry.spans) <= 1

"""OTLP/JSON requests: what is one, and what becomes of the parts that are not."""

import json
from contextlib import suppress

import pytest
from factories.otlp import gen_ai, logs_json, old_records, span, traces_json
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.otlp.json_requests import records_of_json, spans_of_json
from tierwatch.intake.otlp.telemetry import MALFORMED, NO_ID, Event, Telemetry

DEEP = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["resourceSpans", "scopeSpans", "spans", "scope", "attributes", "key", "value",
             "stringValue", "traceId", "spanId", "events", "status", "resourceLogs", "scopeLogs",
             "logRecords", "body", "kvlistValue", "values"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=40,
)  # fmt: skip


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_span_comes_back_as_it_was_sent() -> None:
    sent = span(
        gen_ai(), parent="00000000000000aa", failed=True, message="429", dropped=3,
        events=[Event("exception", 5, {"exception.type": "E"})],
    )  # fmt: skip
    assert spans_of_json(body(traces_json([sent]))) == Telemetry((sent,), (), {})


def test_records_come_back_as_they_were_sent() -> None:
    sent = old_records()
    assert records_of_json(body(logs_json(sent))) == Telemetry((), tuple(sent), {})


@pytest.mark.parametrize("code", [2, "2", "STATUS_CODE_ERROR"])
def test_a_status_is_read_by_number_or_name(code: object) -> None:
    request = traces_json([span({})])
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"] = {"code": code}
    assert spans_of_json(body(request)).spans[0].failed


def test_the_name_of_an_event_was_an_attribute_before_it_was_a_field() -> None:
    request = logs_json(old_records()[:1])
    raw = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    del raw["eventName"]
    raw["attributes"] = [{"key": "event.name", "value": {"stringValue": "gen_ai.user.message"}}]
    raw["timeUnixNano"] = 7
    (read,) = records_of_json(body(request)).records
    assert (read.name, read.at_ns) == ("gen_ai.user.message", 7)


def test_a_span_without_an_id_is_counted() -> None:
    request = traces_json([span({}), span({}, number=2)])
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = "0" * 16
    read = spans_of_json(body(request))
    assert [one.span_id for one in read.spans] == [f"{2:016x}"]
    assert read.counted == {NO_ID: 1}


def test_what_should_be_a_span_and_is_none_is_counted() -> None:
    read = spans_of_json(body({"resourceSpans": [{"scopeSpans": [{"spans": [7, None]}]}]}))
    assert read == Telemetry((), (), {MALFORMED: 2})


@pytest.mark.parametrize(
    "bad", [b"", b"{", b"[]", b"7", b'"x"', b'{"resourceSpans": 7}', b'{"spans": []}', b"\xff"]
)
def test_what_is_no_request_says_what_one_is(bad: bytes) -> None:
    with pytest.raises(
        ValueError, match=r"the body is not JSON: .|an object with a list \"resourceSpans\""
    ):
        spans_of_json(bad)


def test_an_empty_export_is_one() -> None:
    assert spans_of_json(b"{}") == records_of_json(b"{}") == Telemetry()


def test_json_nested_too_deeply_is_refused() -> None:
    deep = b'{"resourceSpans": ' + b"[" * 300 + b"]" * 300 + b"}"
    with pytest.raises(ValueError, match="deeper"):
        spans_of_json(deep)


@given(DEEP)
def test_any_tree_is_read_or_refused_with_a_sentence(tree: object) -> None:
    for read in (spans_of_json, records_of_json):
        try:
            telemetry = read(body(tree))
        except ValueError:
            continue
        assert all(one.trace_id and one.span_id for one in telemetry.spans)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(raw: bytes) -> None:
    for read in (spans_of_json, records_of_json):
        with suppress(ValueError):
            read(raw)

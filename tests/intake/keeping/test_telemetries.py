"""Telemetry between requests: joined within a source, put back, released by time and at the end."""

import json

import pytest
from factories import otlp

from tierwatch.intake.calls import Readings
from tierwatch.intake.keeping.telemetries import Telemetries
from tierwatch.intake.unreadable import UnreadableError

NOW = otlp.START_NS / 1e9 + 1
JSON = "application/json"
WHOLE = json.dumps(otlp.traces_json([otlp.span(otlp.gen_ai())])).encode()
BARE = json.dumps(otlp.traces_json([otlp.span(otlp.gen_ai(None, None))])).encode()
DETAILS = json.dumps(otlp.logs_json([otlp.details_of()])).encode()


def read(
    telemetries: Telemetries, signal: str, body: bytes, *, source: str = "app", now: float = NOW
) -> Readings:
    return telemetries.read(source, signal, body, media_type=JSON, now=now)


def test_a_span_that_says_everything_is_a_call_at_once() -> None:
    (call,) = read(Telemetries(), "traces", WHOLE).calls
    assert (call.finished, call.outside, call.prompt_tokens) == (True, "", 20)


@pytest.mark.parametrize("turned", [False, True])
def test_a_span_is_joined_with_its_record_in_either_order(turned: object) -> None:
    telemetries = Telemetries()
    halves = [("traces", BARE), ("logs", DETAILS)]
    first, second = halves[::-1] if turned else halves
    assert read(telemetries, *first).calls == ()
    (call,) = read(telemetries, *second).calls
    assert call.answer == {"role": "assistant", "content": "Shelf four."}


def test_what_two_sources_sent_is_not_joined() -> None:
    telemetries = Telemetries()
    read(telemetries, "traces", BARE)
    assert read(telemetries, "logs", DETAILS, source="other").calls == ()


def test_what_has_waited_long_enough_is_said_without_its_half() -> None:
    telemetries = Telemetries()
    read(telemetries, "traces", BARE)
    assert telemetries.due(NOW + 1) == {}
    (readings,) = telemetries.due(NOW + 60).values()
    assert [one.outside for one in readings.calls] == ["intake_no_question"]
    assert telemetries.due(NOW + 120) == {}


def test_at_the_end_everything_that_waits_is_said() -> None:
    telemetries = Telemetries()
    read(telemetries, "traces", BARE)
    assert len(telemetries.flushed(NOW)["app"].calls) == 1
    assert telemetries.flushed(NOW) == {}


def test_what_waited_before_can_be_put_back() -> None:
    telemetries = Telemetries()
    read(telemetries, "traces", BARE)
    before = telemetries.state
    assert len(read(telemetries, "logs", DETAILS).calls) == 1
    telemetries.state = before
    assert len(read(telemetries, "logs", DETAILS).calls) == 1


@pytest.mark.parametrize(
    ("body", "media_type"), [(b"{", JSON), (b"\xff\xff", "application/x-protobuf"), (WHOLE, "")]
)
def test_what_is_no_request_of_otlp_is_a_sentence(body: bytes, media_type: str) -> None:
    with pytest.raises(UnreadableError, match="accepted: an export request"):
        Telemetries().read("app", "traces", body, media_type=media_type, now=NOW)

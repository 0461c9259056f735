"""Spans and records as values."""

from factories.otlp import record, span

from tierwatch.intake.otlp.telemetry import CHUNK, Event, kept_events


def test_a_record_names_its_span() -> None:
    assert record("gen_ai.choice", number=3).key == span({}, number=3).key


def test_other_events_stay_beside_the_first_chunk() -> None:
    events = [
        Event("exception", 1, {}),
        Event(CHUNK, 2, {}),
        Event(CHUNK, 3, {}),
        Event("b", 4, {}),
    ]
    assert [event.at_ns for event in kept_events(events)] == [1, 2, 4]


def test_no_events_are_none() -> None:
    assert kept_events([]) == ()

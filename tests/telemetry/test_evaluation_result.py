"""A verdict as the conventions' event, read back by OpenTelemetry's own messages."""

from typing import Any

import pytest
from factories.evaluated import BY_CALLER, EXCHANGE, SECRET, TRACE, evaluated, verdict
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs

from tierwatch.telemetry.evaluated_span import evaluated_span
from tierwatch.telemetry.evaluation_result import EVENT, evaluation_result
from tierwatch.telemetry.trace_context import span_id_of

ABOUT = evaluated_span(EXCHANGE, BY_CALLER)


def event(preferred: str | None = "alternative", **changes: Any) -> LogRecord:
    direction = changes.pop("direction", "up")
    said = verdict(preferred, **changes.pop("said", {}))
    options: dict[str, Any] = {"about": ABOUT, "sampled": True, "at": 100.0, "explained": False}
    of = evaluated(BY_CALLER, direction=direction)
    [record] = ScopeLogs.FromString(evaluation_result(of, said, **options | changes)).log_records
    return record


def attributes(record: LogRecord) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in record.attributes}


def test_it_is_on_the_span_that_is_evaluated() -> None:
    record = event()
    assert record.event_name == EVENT == "gen_ai.evaluation.result"
    assert (record.trace_id.hex(), record.span_id) == (TRACE, span_id_of(EXCHANGE))
    assert record.time_unix_nano == record.observed_time_unix_nano == 100_000_000_000
    assert record.severity_number == 9
    assert record.flags == 1
    assert event(sampled=False).flags == 0


def test_without_a_span_it_still_names_the_request() -> None:
    record = event(about=None)
    assert (record.trace_id, record.span_id, record.flags) == (b"", b"", 0)
    assert attributes(record)["tierwatch.request.id"] == str(EXCHANGE)


def test_name_value_and_label() -> None:
    assert attributes(event()) == {
        "gen_ai.evaluation.name": "tierwatch.misroute",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "fail",
        "tierwatch.request.id": str(EXCHANGE),
        "tierwatch.tier": "simple",
        "tierwatch.alternative_tier": "standard",
        "tierwatch.preferred": "alternative",
        "tierwatch.judge.version": "pairwise/v2/judge-1",
        "tierwatch.judge.basis": "pairwise",
        "tierwatch.policy.version": 3,
    }


@pytest.mark.parametrize(
    ("direction", "preferred", "name", "value", "label"),
    [
        ("up", "served", "tierwatch.misroute", 0.0, "pass"),
        ("up", "inconclusive", "tierwatch.misroute", 0.0, "inconclusive"),
        ("down", "tie", "tierwatch.overspend", 1.0, "fail"),
        ("top", "alternative", "tierwatch.below_top", 1.0, "fail"),
    ],
)
def test_each_direction_asks_something_else(
    direction: str, preferred: str, name: str, value: float, label: str
) -> None:
    found = attributes(event(preferred, direction=direction))
    assert found["gen_ai.evaluation.name"] == name
    assert found["gen_ai.evaluation.score.value"] == value
    assert found["gen_ai.evaluation.score.label"] == label


@pytest.mark.parametrize(
    ("why", "kind"),
    [("unreadable: nonsense", "unreadable"), ("too_long: x", "too_long"), ("", "unscored")],
)
def test_an_evaluation_that_failed_has_no_score(why: str, kind: str) -> None:
    found = attributes(event(None, said={"unscored_why": why}))
    assert found["error.type"] == kind
    assert not [name for name in found if ".score." in name]


def test_the_judges_words_leave_only_where_content_may() -> None:
    assert SECRET.encode() not in event().SerializeToString()
    assert SECRET in attributes(event(explained=True))["gen_ai.evaluation.explanation"]

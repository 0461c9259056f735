import json
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from fakes.receiver import EVENT
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.notify.event import event_body, event_id, missing_keys

ENVELOPE_ONLY = {key: EVENT[key] for key in ("id", "type", "timestamp")}


def test_events_of_an_alert_share_the_dedup_key_and_differ_in_id() -> None:
    bodies = [
        json.loads(event_body(EVENT | {"type": kind}))
        for kind in ("alert.opened", "alert.acknowledged", "alert.resolved")
    ]
    assert {body["dedupKey"] for body in bodies} == {"0199"}
    assert [body["id"] for body in bodies] == ["0199:opened", "0199:acknowledged", "0199:resolved"]


def test_an_event_that_was_stored_keeps_the_id_it_was_stored_under() -> None:
    again = EVENT | {"type": "alert.renotified", "event_id": "0199:renotified:3", "sequence": 3}
    assert event_id(again) == "0199:renotified:3"
    body = json.loads(event_body(again))
    assert (body["id"], body["sequence"]) == ("0199:renotified:3", 3)
    assert "sequence" not in json.loads(event_body(EVENT))


def test_what_an_event_cannot_do_without_is_named() -> None:
    assert missing_keys(EVENT) == ""
    assert missing_keys({"id": 7, "type": ""}) == "type, timestamp"


@dataclass(frozen=True, slots=True)
class Rate:
    value: float | None
    n: int


def test_dates_ids_and_dataclasses_are_written_out() -> None:
    alert_id = uuid.UUID(int=7)
    alert = MappingProxyType(
        EVENT
        | {
            "id": alert_id,
            "timestamp": datetime(2026, 11, 23, tzinfo=UTC),
            "estimate": Rate(None, 0),
            "window": MappingProxyType({"first": alert_id}),
        }
    )
    body = json.loads(event_body(alert))
    assert body["dedupKey"] == str(alert_id)
    assert body["timestamp"] == "2026-11-23T00:00:00+00:00"
    assert body["payload"]["estimate"] == {"value": None, "n": 0}
    assert body["payload"]["window"] == {"first": str(alert_id)}


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1, 2}, b"bytes", Rate])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        event_body(EVENT | {"estimate": value})


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["again"] = endless
    with pytest.raises((ValueError, RecursionError)):
        event_body(EVENT | {"estimate": endless})


@given(
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    )
)
def test_every_json_payload_arrives_as_it_was(payload: dict[str, Any]) -> None:
    beside = {*ENVELOPE_ONLY, "event_id", "sequence"}
    expected = {key: value for key, value in payload.items() if key not in beside}
    content = event_body({**expected, **ENVELOPE_ONLY})
    assert content.isascii()
    body = json.loads(content)
    assert body["payload"] == expected
    assert set(body) == {"id", "dedupKey", "timestamp", "type", "apiVersion", "payload"}

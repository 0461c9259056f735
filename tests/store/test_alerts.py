"""Alerts are read as values; one open alert a cause."""

import datetime as dt
from dataclasses import FrozenInstanceError, replace

import factories.rows as put
import pytest
from factories import evidence as stored
from sqlalchemy import Connection

from tierwatch.evaluation.evidence.alert_evidence import ALERT_KINDS, read_alert_evidence
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.store.alerts import (
    NewAlert,
    add_alert,
    alerts_to_repeat,
    claim_attribution,
    hold_attribution,
    last_of_cause,
    load_alert,
    misroute_alert,
    put_attribution,
    set_alert_state,
    unnotified_alerts,
    unresolved_alert,
    unresolved_alerts,
)

MINUTE = dt.timedelta(minutes=1)
NEW = NewAlert(
    cause="misroute:simple:all",
    tier="simple",
    segment="simple/all",
    summary="Answers of tier simple are worse.",
    pairs=40,
    evidence=MisrouteEvidence.from_json(stored.misroute()),
)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


ATTRIBUTION = AttributionDocument.from_json(stored.attribution())


@pytest.mark.parametrize("kind", sorted(ALERT_KINDS))
def test_an_alert_of_each_kind_comes_back_as_it_was_opened(
    connection: Connection, kind: str
) -> None:
    evidence = read_alert_evidence(kind, stored.ALERTS[kind]())
    assert not isinstance(evidence, Unreadable)
    made = add_alert(connection, replace(NEW, evidence=evidence), opened_at_request=900)
    assert made is not None
    found = load_alert(connection, made)
    assert found is not None
    assert (found.kind, found.evidence, found.attribution) == (kind, evidence, None)
    assert (found.state, found.opened_at_request, found.delivered) == ("open", 900, [])
    assert found.task_type == "all"


def test_an_alert_is_a_value(connection: Connection) -> None:
    found = load_alert(connection, put.add_alert(connection))
    assert found is not None
    with pytest.raises(FrozenInstanceError):
        found.state = "resolved"  # type: ignore[misc]


def test_a_cause_has_one_alert_until_it_is_resolved(connection: Connection) -> None:
    first = add_alert(connection, NEW, opened_at_request=1)
    assert first is not None
    set_alert_state(connection, first, "acknowledged", actor="ada")
    assert add_alert(connection, NEW, opened_at_request=2) is None
    set_alert_state(connection, first, "resolved", actor="ada")
    assert unresolved_alert(connection, NEW.cause) is None
    assert add_alert(connection, NEW, opened_at_request=3) is not None


def test_one_connection_opens_any_number_of_alerts(connection: Connection) -> None:
    # psycopg prepares a statement at its sixth use, PostgreSQL makes a plan for any parameters at
    # its eleventh.
    for number in range(15):
        new = replace(NEW, cause=f"c{number}")
        assert add_alert(connection, new, opened_at_request=1) is not None
        assert add_alert(connection, new, opened_at_request=1) is None


def test_what_a_newer_version_wrote_is_found_but_not_read(connection: Connection) -> None:
    newer = stored.misroute(version=2, hindsight=0.4)
    made = put.add_alert(connection, cause=NEW.cause, evidence=newer, attribution={"version": 5})
    found = load_alert(connection, made)
    assert found is not None
    assert isinstance(found.evidence, Unreadable)
    assert found.evidence.to_json() == newer
    assert isinstance(found.attribution, Unreadable)
    assert found.attribution.to_json() == {"version": 5}
    again = unresolved_alert(connection, NEW.cause)
    assert again is not None
    assert again.id == made


def test_what_an_older_version_left_is_found_until_it_has_an_event(connection: Connection) -> None:
    made = put.add_alert(connection, evidence={"version": 2})
    opened = [{"type": "alert.opened", "deliveries": []}]
    put.add_alert(connection, delivered=opened)
    resolved = put.add_alert(connection, delivered=opened, state="resolved")
    put.add_alert(connection, events=1)
    assert [found.id for found in unnotified_alerts(connection)] == [made, resolved]


@pytest.mark.parametrize("kept", [5, "text", {}, [1, None]])
def test_a_broken_list_of_an_older_version_is_one_of_nothing(
    connection: Connection, kept: object
) -> None:
    put.add_alert(connection, delivered=kept)
    [found] = unnotified_alerts(connection)
    assert found.delivered == []


def test_an_alert_is_repeated_while_it_is_open_and_was_last_notified_long_ago(
    connection: Connection,
) -> None:
    hour_ago = _now() - dt.timedelta(hours=1)
    due = put.add_alert(connection, events=1, last_event_at=hour_ago)
    never = put.add_alert(connection, opened_at=hour_ago)
    put.add_alert(connection, events=2, last_event_at=hour_ago, state="acknowledged")
    put.add_alert(connection, events=2, last_event_at=hour_ago, state="resolved")
    put.add_alert(connection, events=1, last_event_at=_now(), opened_at=hour_ago)
    assert [found.id for found in alerts_to_repeat(connection, 3_000)] == [due, never]
    assert alerts_to_repeat(connection, 4_000) == []
    assert [found.id for found in alerts_to_repeat(connection, 3_000, limit=1)] == [due]


def test_why_tierwatch_resolved_an_alert_is_kept(connection: Connection) -> None:
    made = put.add_alert(connection)
    why = {"why": "The day is over.", "spent_usd": 3.5}
    set_alert_state(connection, made, "resolved", actor="tierwatch", resolution=why)
    found = load_alert(connection, made)
    assert found is not None
    assert (found.resolved_by, found.resolution) == ("tierwatch", why)


def test_the_oldest_alert_is_claimed_for_attribution_and_held(connection: Connection) -> None:
    first = put.add_alert(connection)
    second = put.add_alert(connection)
    put.add_alert(connection, kind="budget", cause="budget:2026-11-23")
    claimed = claim_attribution(connection, hold=MINUTE)
    assert claimed is not None
    assert claimed.id == first
    assert claim_attribution(connection, hold=MINUTE) is None
    put_attribution(connection, first, ATTRIBUTION)
    claimed = claim_attribution(connection, hold=MINUTE)
    assert claimed is not None
    assert claimed.id == second
    hold_attribution(connection, second, dt.timedelta(0))
    assert claim_attribution(connection, hold=MINUTE, without={second}) is None


def test_an_attribution_is_written_once(connection: Connection) -> None:
    made = put.add_alert(connection)
    put_attribution(connection, made, ATTRIBUTION)
    put_attribution(connection, made, replace(ATTRIBUTION, cause="quality"))
    hold_attribution(connection, made, MINUTE)
    found = load_alert(connection, made)
    assert found is not None
    assert found.attribution == ATTRIBUTION


def test_a_tiers_own_threshold_goes_by_the_pooled_stream_of_its_types(
    connection: Connection,
) -> None:
    pooled = put.add_alert(connection, cause="misroute:simple:*", segment="simple/*")
    of_type = put.add_alert(connection, cause="misroute:simple:sql", segment="simple/sql")

    def found(task_type: str) -> int | None:
        alert = misroute_alert(connection, "simple", task_type)
        return None if alert is None else alert.id

    assert (found("all"), found("sql"), found("chat")) == (pooled, of_type, None)
    own = put.add_alert(connection, cause="misroute:simple:all")
    assert found("all") == own


def test_what_is_not_resolved_and_what_a_cause_had_last(connection: Connection) -> None:
    old = put.add_alert(connection, cause="c", state="resolved")
    found = last_of_cause(connection, "c")
    assert found is not None
    assert (found.id, found.state) == (old, "resolved")
    acknowledged = put.add_alert(connection, cause="c", state="acknowledged")
    opened = put.add_alert(connection)
    found = last_of_cause(connection, "c")
    assert found is not None
    assert found.id == acknowledged
    assert last_of_cause(connection, "d") is None
    assert [one.id for one in unresolved_alerts(connection)] == [acknowledged, opened]


def test_there_is_no_alert_of_an_unknown_number(connection: Connection) -> None:
    assert load_alert(connection, 1) is None
    assert claim_attribution(connection, hold=MINUTE) is None

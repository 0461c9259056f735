"""Gateways with different files raise one alert, which goes when they agree."""

from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.loop.watch.fleet import CAUSE, alert_of_difference, resolve_difference
from tierwatch.routing.policy import Policy
from tierwatch.store.alerts import unresolved_alert

OURS = Policy(1, {"simple": 0.7, "standard": 0.6})
THEIRS = Policy(2, {"simple": 0.8, "medium": 0.5})


def test_however_many_gateways_say_so_there_is_one_alert(engine: Engine) -> None:
    for _ in range(3):
        with engine.begin() as connection:
            alert_of_difference(connection, THEIRS, OURS)
    (alert,) = rows(engine, "select kind, state, cause, summary from alerts")
    assert (alert.kind, alert.state, alert.cause) == ("fleet", "open", CAUSE)
    for words in ("active policy 2", "simple, medium", "simple, standard"):
        assert words in alert.summary


def test_its_evidence_can_be_read_again(engine: Engine) -> None:
    with engine.begin() as connection:
        alert_of_difference(connection, THEIRS, OURS)
        alert = unresolved_alert(connection, CAUSE)
    assert alert is not None
    assert alert.evidence.to_json() == {
        "version": 1,
        "policy_version": 2,
        "active_tiers": ["simple", "medium"],
        "file_tiers": ["simple", "standard"],
    }


def test_it_is_resolved_once_and_can_open_again(engine: Engine) -> None:
    with engine.begin() as connection:
        resolve_difference(connection)  # nothing to resolve is no mistake
        alert_of_difference(connection, THEIRS, OURS)
        resolve_difference(connection)
        resolve_difference(connection)
        assert alert_of_difference(connection, THEIRS, OURS) is not None
    states = [row.state for row in rows(engine, "select state from alerts order by id")]
    assert states == ["resolved", "open"]

import datetime as dt
from typing import Any

import factories.evidence as stored
from factories.rows import NOW, add_alert, exchange_id_of
from sqlalchemy import Connection

from tierwatch.loop.watch.alert import open_alert
from tierwatch.loop.watch.incidents.join import change_began_at, join_incident, sign_of
from tierwatch.store.alerts import Alert, NewAlert, load_alert
from tierwatch.store.incidents.incidents import of_incident

HOUR = dt.timedelta(hours=1)


def alert_of(connection: Connection, **changes: Any) -> Alert:
    found = load_alert(connection, add_alert(connection, **changes))
    assert found is not None
    return found


def joined(connection: Connection, **changes: Any) -> tuple[int, int]:
    """A new alert's id and the head of its incident."""
    alert = alert_of(connection, **changes)
    return alert.id, join_incident(connection, alert)


def at(hours: float, tier: str, kind: str = "misroute", **evidence: Any) -> dict[str, Any]:
    first = {"first_pair": str(exchange_id_of(int(hours * 3600)))} if kind == "misroute" else {}
    return {
        "kind": kind,
        "tier": tier,
        "segment": f"{tier}/*",
        "opened_at": NOW + hours * HOUR,
        "evidence": {**({"stream": f"{tier}|*|p1|{tier}-1|judge"} | first if first else {}),
                     **evidence},
    }  # fmt: skip


def test_alerts_of_one_tier_and_day_are_one_incident(connection: Connection) -> None:
    first, own = joined(connection, **at(0, "simple"))
    assert own == first
    drift, head = joined(connection, **at(3, "simple", "model_drift"))
    assert head == first
    other, apart = joined(connection, **at(3, "standard"))
    assert apart == other
    assert [one.id for one in of_incident(connection, [first])] == [drift]
    again = load_alert(connection, drift)
    assert again is not None
    assert (again.head, again.began_at) == (first, NOW + 3 * HOUR)


def test_what_lies_days_apart_is_not(connection: Connection) -> None:
    joined(connection, **at(0, "simple"))
    late, head = joined(connection, **at(60, "simple"))
    assert head == late


def test_an_alert_about_the_judge_joins_the_incidents_of_two_tiers(connection: Connection) -> None:
    first, _ = joined(connection, **at(0, "simple", judge_version="j1"))
    second, _ = joined(connection, **at(1, "standard", judge_version="j1"))
    third, head = joined(
        connection, **(at(2, "", "judge_drift", judge_version="j1") | {"segment": "judge"})
    )
    assert head == first
    assert [one.id for one in of_incident(connection, [first])] == [second, third]
    assert of_incident(connection, [second]) == []
    assert of_incident(connection, []) == []


def test_opening_an_alert_joins_it(connection: Connection) -> None:
    moment = dt.datetime.now(dt.UTC)
    first, _ = joined(connection, **(at(0, "simple", "model_drift") | {"opened_at": moment}))
    evidence = alert_of(connection, **at(0, "simple"), cause="other").evidence
    connection.exec_driver_sql("delete from alerts where cause = 'other'")
    new = NewAlert(
        cause="misroute:simple:*", tier="simple", segment="simple/*", summary="worse", pairs=9,
        evidence=evidence,  # type: ignore[arg-type] # it is readable
    )  # fmt: skip
    opened = open_alert(connection, new, opened_at_request=1)
    assert opened is not None
    found = load_alert(connection, opened)
    assert found is not None
    assert found.head == first
    detail = connection.exec_driver_sql(
        "select detail from audit where action = 'alert.opened'"
    ).scalar_one()
    assert detail["incident"] == first


def test_a_change_never_begins_after_its_alert(connection: Connection) -> None:
    alert = alert_of(connection, **(at(5, "simple") | {"opened_at": NOW}))
    assert change_began_at(alert) == NOW
    unreadable = alert_of(connection, kind="budget", evidence={"version": 99}, tier="")
    assert change_began_at(unreadable) == unreadable.opened_at


def test_each_kind_says_whom_it_is_about(connection: Connection) -> None:
    signs = {
        kind: sign_of(alert_of(connection, kind=kind, tier="t", evidence=make()), NOW)
        for kind, make in stored.ALERTS.items()
    }
    judges = {kind for kind, sign in signs.items() if sign.judge}
    assert judges == {"judge_drift", "judge_orders", "not_trusted"}
    assert {kind for kind, sign in signs.items() if sign.judged_by} == {"misroute", "past"}
    assert signs["misroute"].model == "simple-1"
    assert signs["model_drift"].model
    of_judge = alert_of(connection, kind="past", tier="", evidence=stored.past())
    assert sign_of(of_judge, NOW).judge == stored.past()["judge_version"]

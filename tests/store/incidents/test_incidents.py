import datetime as dt

from factories.rows import NOW, add_alert
from sqlalchemy import Connection

from tierwatch.store.incidents.incidents import alerts_since, of_incident, put_incident

HOUR = dt.timedelta(hours=1)


def test_alerts_since_are_those_opened_or_resolved_since(connection: Connection) -> None:
    old = add_alert(connection, opened_at=NOW - HOUR)
    ended = add_alert(connection, opened_at=NOW - HOUR, resolved_at=NOW, state="resolved")
    new = add_alert(connection, opened_at=NOW)
    found = [one.id for one in alerts_since(connection, NOW, without=0)]
    assert found == [new, ended]
    assert old not in found
    assert [one.id for one in alerts_since(connection, NOW, without=new)] == [ended]


def test_incidents_that_are_joined_have_one_head(connection: Connection) -> None:
    one, two, three, four = (add_alert(connection) for _ in range(4))
    put_incident(connection, two, began_at=NOW, of=[])
    put_incident(connection, three, began_at=NOW, of=[two])
    assert [alert.id for alert in of_incident(connection, [two])] == [three]
    put_incident(connection, four, began_at=NOW, of=[one, two])
    members = of_incident(connection, [one, two])
    assert [(alert.id, alert.incident) for alert in members] == [
        (two, one), (three, one), (four, one),
    ]  # fmt: skip

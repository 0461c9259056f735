from typing import Any

import pytest
from factories.rows import add_alert
from sqlalchemy import Connection, text

from tierwatch.store.pages.lists import PAGE
from tierwatch.store.people.users import add_user


def test_an_alert_is_acknowledged_and_resolved_once(
    client: Any, bearer: Any, seeded: dict[str, Any], connection: Connection
) -> None:
    headers, path = bearer("reviewer"), f"/api/v1/alerts/{seeded['alert_id']}"
    moved = client.post(f"{path}/acknowledge", headers=headers)
    assert (moved.json["state"], moved.json["acknowledged_by"]) == (
        "acknowledged",
        "token:reviewer",
    )
    moved = client.post(f"{path}/resolve", headers=headers)
    assert (moved.json["state"], moved.json["resolved_by"]) == ("resolved", "token:reviewer")
    again = client.post(f"{path}/resolve", headers=headers)
    assert again.status_code == 409
    assert again.json["error"]["type"] == "conflict"
    actions = connection.execute(
        text("select action, actor from audit where subject like 'alert/%' order by id")
    ).all()
    assert actions == [
        ("alert.acknowledged", "token:reviewer"),
        ("alert.resolved", "token:reviewer"),
    ]


def test_a_list_leads_to_its_next_page_and_ends(
    client: Any, bearer: Any, connection: Connection
) -> None:
    ids = [add_alert(connection) for _ in range(PAGE + 1)]
    headers = bearer("viewer")
    first = client.get("/api/v1/alerts", headers=headers).json
    assert [one["id"] for one in first["alerts"]] == ids[:0:-1]
    last = client.get(f"/api/v1/alerts?before={first['before']}", headers=headers).json
    assert [one["id"] for one in last["alerts"]] == ids[:1]
    assert last["before"] is None


def test_only_unresolved_alerts_where_they_are_asked_for(
    client: Any, bearer: Any, connection: Connection
) -> None:
    add_alert(connection, state="resolved")
    kept = add_alert(connection, state="acknowledged")
    headers = bearer("viewer")
    found = client.get("/api/v1/alerts?state=unresolved", headers=headers).json["alerts"]
    assert [one["id"] for one in found] == [kept]
    assert len(client.get("/api/v1/alerts?state=all", headers=headers).json["alerts"]) == 2
    refused = client.get("/api/v1/alerts?state=odd", headers=headers)
    assert refused.status_code == 400
    assert refused.json["error"]["message"] == (
        "state: found 'odd'; accepted: unresolved, open, acknowledged, resolved"
    )


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_an_alert_that_is_not_there_cannot_be_moved(client: Any, bearer: Any, verb: str) -> None:
    answer = client.post(f"/api/v1/alerts/99/{verb}", headers=bearer("reviewer"))
    assert answer.status_code == 404
    assert answer.json["error"]["type"] == "not_found"


def test_an_alert_is_assigned_filtered_by_and_resolved_with_a_reason(
    client: Any, bearer: Any, connection: Connection
) -> None:
    add_user(connection, "eve", "correct horse battery", "reviewer")
    alert_id, other = add_alert(connection), add_alert(connection)
    headers, path = bearer("reviewer"), f"/api/v1/alerts/{alert_id}"
    given = client.post(f"{path}/assign", headers=headers, json={"to": "eve"}).json
    assert (given["assigned_to"], given["assigned_by"]) == ("eve", "token:reviewer")
    refused = client.post(f"{path}/assign", headers=headers, json={"to": "bob"})
    assert refused.status_code == 400
    for query, expected in (("assignee=eve", alert_id), ("assignee=nobody", other)):
        found = client.get(f"/api/v1/alerts?{query}", headers=headers).json["alerts"]
        assert [one["id"] for one in found] == [expected]
    wrong = client.post(f"{path}/resolve", headers=headers, json={"reason": "odd"})
    assert wrong.status_code == 400
    body = {"reason": "false_alarm"}
    done = client.post(f"{path}/resolve", headers=headers, json=body).json
    assert done["resolution"] == {"why": "False alarm: nothing was wrong", "reason": "false_alarm"}
    record = client.get(f"/api/v1/alerts/{other}/record", headers=headers).json
    assert record == {
        "kind": "misroute", "resolved": 1, "false_alarms": 1, "by_reason": {"false_alarm": 1},
    }  # fmt: skip


def test_the_alerts_of_an_incident_are_one_list(
    client: Any, bearer: Any, connection: Connection
) -> None:
    first = add_alert(connection)
    second = add_alert(connection, incident=first)
    headers = bearer("viewer")
    for alert_id in (first, second):
        found = client.get(f"/api/v1/alerts/{alert_id}/incident", headers=headers).json["alerts"]
        assert [(one["id"], one["incident"]) for one in found] == [(first, first), (second, first)]
    assert client.get("/api/v1/alerts/999/incident", headers=headers).status_code == 404

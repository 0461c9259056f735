from typing import Any

import pytest
from factories.rows import add_alert, add_policy, put_in_force
from sqlalchemy import Connection, text


@pytest.fixture
def alert_id(connection: Connection, clock: Any) -> int:
    clock.now = connection.execute(text("select extract(epoch from now())::float")).scalar_one()
    add_policy(connection)
    put_in_force(connection)
    return add_alert(connection)


def test_a_tier_is_sent_up_and_back(client: Any, bearer: Any, alert_id: int) -> None:
    headers = bearer("approver")
    body = {"why": "worse", "lasting": "4h"}
    drain = client.post(f"/api/v1/alerts/{alert_id}/send-up", headers=headers, json=body).json
    assert (drain["tier"], drain["task_type"], drain["alert_id"]) == ("simple", "all", alert_id)
    listed = client.get("/api/v1/drains", headers=headers).json["drains"]
    assert [one["id"] for one in listed] == [drain["id"]]
    path = f"/api/v1/drains/{drain['id']}/end"
    ended = client.post(path, headers=headers, json={"why": "mended"}).json
    assert (ended["ended_by"], ended["ended_why"]) == ("token:approver", "mended")
    assert client.post(path, headers=headers, json={"why": "again"}).status_code == 409
    assert client.get("/api/v1/drains", headers=headers).json == {"drains": []}


def test_without_an_alert(client: Any, bearer: Any, alert_id: int) -> None:
    body = {"tier": "standard", "task_type": "sql", "why": "x", "lasting": "1d"}
    drain = client.post("/api/v1/drains", headers=bearer("approver"), json=body).json
    assert (drain["tier"], drain["task_type"], drain["alert_id"]) == ("standard", "sql", None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"why": "x"}, 400),
        ({"why": "x", "lasting": 4}, 400),
        ({"why": "x", "lasting": "8d"}, 400),
        ({"why": "", "lasting": "4h"}, 400),
        ([], 400),
    ],
)
def test_bodies_that_are_refused(
    client: Any, bearer: Any, alert_id: int, body: Any, status: int
) -> None:
    headers = bearer("approver")
    for what in ("send-up", "sample", "silence"):
        path = f"/api/v1/alerts/{alert_id}/{what}"
        answer = client.post(path, headers=headers, json=body)
        assert answer.status_code == status, what
        assert answer.json["error"]["type"] == "invalid_request"


def test_sampling_and_silence(client: Any, bearer: Any, alert_id: int) -> None:
    headers, body = bearer("approver"), {"why": "x", "lasting": "1h"}
    burst = client.post(f"/api/v1/alerts/{alert_id}/sample", headers=headers, json=body).json
    assert (burst["tier"], burst["task_type"]) == ("simple", "*")
    assert burst["density"] >= 1
    silence = client.post(f"/api/v1/alerts/{alert_id}/silence", headers=headers, json=body).json
    alert = client.get(f"/api/v1/alerts/{alert_id}", headers=headers).json
    assert alert["silenced_until"] == silence["silenced_until"]
    assert alert["silenced_by"] == "token:approver"


def test_a_reason_may_be_given_for_resolving_and_need_not(
    connection: Connection, client: Any, bearer: Any, alert_id: int
) -> None:
    headers = bearer("reviewer")
    path = f"/api/v1/alerts/{alert_id}/resolve"
    assert client.post(path, headers=headers, json={"why": "done"}).json["resolution"] == {
        "why": "done"
    }
    other = add_alert(connection)
    assert (
        client.post(f"/api/v1/alerts/{other}/resolve", headers=headers).json["state"] == "resolved"
    )

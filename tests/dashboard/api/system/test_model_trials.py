"""Trials by the API: their list, one of them, and its end."""

from collections.abc import Callable
from typing import Any

from factories.trials import begin, new_trial
from flask import Flask
from sqlalchemy import Connection

from tierwatch.store.trials.model_trials import add_trial, end_trial

Bearer = Callable[[str], dict[str, str]]


def test_a_trial_says_how_far_it_is(app: Flask, connection: Connection, bearer: Bearer) -> None:
    trial_id = begin(connection, 0)
    found: Any = app.test_client().get(f"/api/v1/model-trials/{trial_id}", headers=bearer("viewer"))
    assert found.status_code == 200
    sent = found.json
    assert (sent["tier"], sent["served"], sent["state"]) == ("simple", "simple-1", "running")
    assert sent["candidate"]["model"] == "small-2"
    assert (sent["pairs"], sent["spent_usd"], sent["proposal_id"]) == (0, 0.0, None)


def test_the_newest_comes_first(app: Flask, connection: Connection, bearer: Bearer) -> None:
    first = begin(connection, 0)
    end_trial(connection, first, "refused", why="worse")
    second = add_trial(connection, new_trial())
    sent: Any = app.test_client().get("/api/v1/model-trials", headers=bearer("viewer")).json
    assert [trial["id"] for trial in sent["trials"]] == [second, first]
    assert sent["before"] is None


def test_an_approver_ends_it(app: Flask, connection: Connection, bearer: Bearer) -> None:
    trial_id, client, approver = begin(connection, 0), app.test_client(), bearer("approver")
    path, why = f"/api/v1/model-trials/{trial_id}/cancel", {"why": "the vendor has ended it"}
    assert client.post(path, headers=bearer("viewer"), json=why).status_code == 403
    ended: Any = client.post(path, headers=approver, json=why)
    assert (ended.status_code, ended.json["state"]) == (200, "cancelled")
    assert ended.json["why"] == "the vendor has ended it"
    again: Any = client.post(path, headers=approver, json=why)
    assert again.status_code == 409
    assert "cancelled already" in again.json["error"]["message"]


def test_there_is_no_such_trial(app: Flask, bearer: Bearer) -> None:
    viewer = bearer("viewer")
    for path in ("model-trials/99", "model-trials/0"):
        found = app.test_client().get(f"/api/v1/{path}", headers=viewer)
        assert found.status_code == 404

"""An alert that is acknowledged in PagerDuty or Slack is acknowledged here, and nothing else is."""

from pathlib import Path
from typing import Any

import pytest
from factories.rows import add_alert
from factories.vendor_calls import pagerduty_call, slack_call
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from tierwatch.config import load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.loop.watch.alert import acknowledge_alert, event_of, resolve_alert
from tierwatch.notify.channels.message import incident_key
from tierwatch.store.alerts import load_alert

SECRETS = {"PD_SIGN": "pd-s3cret", "SLACK_SIGN": "slack-s3cret"}
NOTIFY = """
notify:
  - {kind: pagerduty, key: env:PD, signing_secret: env:PD_SIGN, people: {PXPGF42: ada}}
  - {kind: slack, url: env:SLACK, signing_secret: env:SLACK_SIGN}
"""
NOW = 1_000_000


@pytest.fixture
def client(tmp_path: Path, one_connection: Any, clock: Any, config: Any) -> FlaskClient:
    path = tmp_path / "with-hooks.yaml"
    path.write_text(Path(config.path).read_text() + NOTIFY)
    app = build_dashboard(
        config=load_config(path),
        engine=one_connection,
        secret_key="s" * 32,
        clock=clock,
        environ=SECRETS,
    )
    return app.test_client()


@pytest.fixture
def alert(connection: Connection) -> int:
    return add_alert(connection)


def key_of(connection: Connection, alert_id: int) -> str:
    """As destinations are sent it."""
    alert = load_alert(connection, alert_id)
    assert alert is not None
    return incident_key(event_of(alert))


def state(connection: Connection, alert_id: int) -> tuple[str, str | None]:
    alert = load_alert(connection, alert_id)
    assert alert is not None
    return alert.state, alert.acknowledged_by


def pagerduty(client: FlaskClient, key: str, **changes: Any) -> TestResponse:
    headers, body = pagerduty_call(key, secret="pd-s3cret", **changes)
    return client.post("/hooks/pagerduty", data=body, headers=headers)


def slack(client: FlaskClient, key: str, *, at: int = NOW, **changes: Any) -> TestResponse:
    headers, body = slack_call(key, secret="slack-s3cret", at=at, **changes)
    return client.post("/hooks/slack", data=body, headers=headers)


def test_pagerduty_acknowledges_by_a_name_of_ours(
    client: FlaskClient, connection: Connection, alert: int
) -> None:
    answer = pagerduty(client, key_of(connection, alert))
    assert (answer.status_code, answer.text) == (200, "acknowledged\n")
    assert state(connection, alert) == ("acknowledged", "ada (pagerduty)")
    lines = connection.execute(text("select actor, action, subject from audit")).all()
    assert ("ada (pagerduty)", "alert.acknowledged", f"alert/{alert}") in lines


def test_an_incident_resolved_there_is_acknowledged_here_and_not_resolved(
    client: FlaskClient, connection: Connection, alert: int
) -> None:
    assert pagerduty(client, key_of(connection, alert), event_type="incident.resolved").text == (
        "acknowledged\n"
    )
    assert state(connection, alert)[0] == "acknowledged"


def test_slack_acknowledges_by_their_name(
    client: FlaskClient, connection: Connection, alert: int
) -> None:
    assert slack(client, key_of(connection, alert)).text == "acknowledged\n"
    assert state(connection, alert) == ("acknowledged", "slack: earline")


def test_a_replay_is_refused(client: FlaskClient, connection: Connection, alert: int) -> None:
    key = key_of(connection, alert)
    for call in (slack, pagerduty):
        assert call(client, key).status_code == 200
        assert call(client, key).status_code == 409
    assert slack(client, key, at=NOW + 1).text == "not open any more\n"


@pytest.mark.parametrize("move", [acknowledge_alert, resolve_alert])
def test_an_alert_that_has_moved_on_is_left_as_it_is(
    client: FlaskClient, connection: Connection, alert: int, move: Any
) -> None:
    move(connection, alert, actor="bo")
    before = state(connection, alert)
    answer = slack(client, key_of(connection, alert))
    assert (answer.status_code, answer.text) == (200, "not open any more\n")
    assert state(connection, alert) == before


@pytest.mark.parametrize(
    "key", ["tierwatch-{id}-1", "tierwatch-{id}", "tierwatch-99999999-1", "", "{id}", "x" * 9_000]
)
def test_another_deployments_alert_is_not_ours(
    client: FlaskClient, connection: Connection, alert: int, key: str
) -> None:
    for call in (slack, pagerduty):
        answer = call(client, key.format(id=alert))
        assert (answer.status_code, answer.text) == (200, "no alert of this tierwatch\n")
    assert state(connection, alert)[0] == "open"


def test_what_nobody_has_signed_is_refused_and_changes_nothing(
    client: FlaskClient, connection: Connection, alert: int
) -> None:
    key = key_of(connection, alert)
    for path, (headers, body) in (
        ("pagerduty", pagerduty_call(key, secret="guess")),
        ("slack", slack_call(key, secret="guess", at=NOW)),
        ("slack", slack_call(key, secret="slack-s3cret", at=NOW - 301)),
        # The one's secret is not the other's.
        ("pagerduty", pagerduty_call(key, secret="slack-s3cret")),
    ):
        assert client.post(f"/hooks/{path}", data=body, headers=headers).status_code == 401
    assert state(connection, alert)[0] == "open"


def test_a_large_body_is_refused_before_it_is_signed(client: FlaskClient) -> None:
    headers, _ = pagerduty_call("x", secret="pd-s3cret")
    answer = client.post("/hooks/pagerduty", data=b"x" * 131_073, headers=headers)
    assert answer.status_code == 413
    assert client.post("/hooks/slack", data=b"x" * 400_000).status_code == 413


def test_a_ping_is_answered(client: FlaskClient) -> None:
    answer = pagerduty(client, "", event_type="pagey.ping", agent=None)
    assert (answer.status_code, answer.text) == (200, "nothing to do\n")


def test_without_a_signing_secret_there_is_nothing(app: Any, connection: Connection) -> None:
    for path in ("pagerduty", "slack"):
        assert app.test_client().post(f"/hooks/{path}", data=b"x").status_code == 404
        assert app.test_client().get(f"/hooks/{path}").status_code in {302, 404, 405}

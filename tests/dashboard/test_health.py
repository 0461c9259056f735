import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from factories.rows import add_alert, add_outcome, add_pair, add_policy, add_rollup, put_in_force
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, text

from tierwatch.dashboard import build_dashboard
from tierwatch.loop.watch.silence import WATCHED_STEPS
from tierwatch.store.judgements.bursts import put_burst
from tierwatch.store.outbox.deliveries import set_repeated, take_lease
from tierwatch.store.outbox.events import add_event, spread_events
from tierwatch.store.people.users import add_user
from tierwatch.store.step_runs import mark_run
from tierwatch.store.traced.scores import queue_score

PASSWORD = "correct horse battery"

KINDS = ("serving", "classifier", "shadow", "judge", "checks")


def _samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_the_figures_of_the_report(connection: Connection, stranger: Any) -> None:
    add_policy(connection, 1)
    put_in_force(connection, 1)
    add_rollup(connection, "simple", 10, sampled=1, cost_usd=1.0, cost_top_tier_usd=4.0)
    add_rollup(connection, "standard", 0, cost_usd=0, cost_top_tier_usd=0, classifier_cost_usd=0.5)
    add_pair(connection, 1)
    add_outcome(connection, 1, 0.0)
    add_alert(connection)

    samples = _samples(stranger.get("/metrics").text)
    assert samples["tierwatch_evaluation_database_up",] == 1
    assert samples["tierwatch_evaluation_requests_total", "simple"] == 10
    assert samples["tierwatch_evaluation_misroute_rate", "estimate", "simple"] == 0
    assert samples["tierwatch_evaluation_sampled_exchanges", "judged"] == 1
    assert samples["tierwatch_evaluation_captured_exchanges",] == 1
    assert samples["tierwatch_evaluation_cost_usd_total", "serving"] == 1
    assert samples["tierwatch_evaluation_unresolved_alerts",] == 1
    assert samples["tierwatch_evaluation_threshold", "simple"] == 0.7
    assert samples["tierwatch_evaluation_saving_ratio",] == 0.75
    spent = {kind: samples["tierwatch_evaluation_spend_usd_total", kind] for kind in KINDS}
    # A shadow answer is .01 and a verdict .002.
    assert spent == {"serving": 1, "classifier": 0.5, "shadow": 0.01, "judge": 0.002, "checks": 0}
    net = samples["tierwatch_evaluation_saving_net_of_evaluation_ratio",]
    assert net == pytest.approx(1 - sum(spent.values()) / 4)


def test_what_is_not_known_is_absent_and_not_zero(stranger: Any) -> None:
    names = {key[0] for key in _samples(stranger.get("/metrics").text)}
    assert "tierwatch_evaluation_database_up" in names
    assert not names & {
        "tierwatch_evaluation_misroute_rate",
        "tierwatch_evaluation_saving_ratio",
        "tierwatch_evaluation_saving_net_of_evaluation_ratio",
    }
    assert "tierwatch_evaluation_policy_version" not in names


def test_scrapes_within_ten_seconds_read_once(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    def alerts() -> float:
        return _samples(stranger.get("/metrics").text)["tierwatch_evaluation_unresolved_alerts",]

    assert alerts() == 0
    add_alert(connection)
    clock.now += 9
    assert alerts() == 0
    clock.now += 2
    assert alerts() == 1


def test_healthz_asks_nobody(stranger: Any) -> None:
    assert stranger.get("/healthz").text == "ok\n"


@pytest.fixture
def closed(one_connection: Any, config: Any, clock: Any) -> Callable[[str], Any]:
    """A client of a dashboard that others can reach, with this token for its metrics."""

    def build(token: str) -> Any:
        app = build_dashboard(
            config=config,
            engine=one_connection,
            secret_key="s" * 32,
            clock=clock,
            metrics_token=token,
            open_metrics=False,
        )
        return app.test_client()

    return build


def test_whoever_is_elsewhere_shows_an_api_token(
    closed: Callable[[str], Any], bearer: Callable[[str], dict[str, str]]
) -> None:
    client = closed("")
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert "an API token" in refused.text
        assert "tierwatch_" not in refused.text
    assert client.get("/metrics", headers=bearer("viewer")).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_a_token_of_their_own_is_the_only_key_to_the_metrics(
    closed: Callable[[str], Any], bearer: Callable[[str], dict[str, str]]
) -> None:
    client = closed("for-prometheus-only")
    for headers in ({}, bearer("admin"), {"Authorization": "Bearer for-prometheus-onl"}):
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert "TIERWATCH_METRICS_TOKEN" in refused.text
    shown = {"Authorization": "bearer  for-prometheus-only "}
    assert client.get("/metrics", headers=shown).status_code == 200
    # It is no token of the API.
    assert client.get("/api/v1/report", headers=shown).status_code == 401


def test_a_person_who_is_logged_in_may_read_them(
    closed: Callable[[str], Any], connection: Connection, stranger: Any
) -> None:
    browser = type(stranger)(closed(""))
    add_user(connection, "ada", PASSWORD, "viewer")
    assert browser.get("/metrics").status_code == 401
    browser.log_in("ada")
    assert browser.get("/metrics").status_code == 200
    add_user(connection, "bob", PASSWORD, "admin", must_change=True)
    browser.send("/logout", form_on="/")
    browser.log_in("bob")
    assert browser.get("/metrics").status_code == 401


def test_what_to_alert_on_from_outside_is_among_the_metrics(
    connection: Connection, stranger: Any
) -> None:
    mark_run(connection, "observe")
    add_event(connection, add_alert(connection), {"type": "alert.opened"})
    spread_events(connection, ["ops"])
    samples = _samples(stranger.get("/metrics").text)
    assert samples["tierwatch_evaluation_watch_last_run_timestamp_seconds", "observe"] > 1.7e9
    assert samples["tierwatch_evaluation_notifications_waiting", "ops"] == 1
    assert samples["tierwatch_evaluation_notifications_failing", "ops"] == 0
    assert samples["tierwatch_evaluation_notifications_failed", "ops"] == 0


def test_scores_on_their_way_back_are_among_the_metrics(
    connection: Connection, stranger: Any
) -> None:
    body: Any = {"id": "tierwatch-1"}
    queue_score(connection, uuid.UUID(int=1), body, ["lf"])
    assert take_lease(connection, "lf", kind="langfuse", lease=uuid.UUID(int=2), lease_s=1)
    set_repeated(connection, "lf", "HTTP 503", taken=False)
    samples = _samples(stranger.get("/metrics").text)
    assert samples["tierwatch_evaluation_scores_waiting", "lf"] == 1
    assert samples["tierwatch_evaluation_scores_failed", "lf"] == 0
    assert samples["tierwatch_evaluation_scores_failing", "lf"] == 1
    assert ("tierwatch_evaluation_notifications_failing", "lf") not in samples


def test_the_loop_is_healthy_while_every_step_that_watches_runs(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    answer = stranger.get("/healthz/loop")
    assert answer.status_code == 503
    assert "observe has never run" in answer.text
    for step in WATCHED_STEPS:
        mark_run(connection, step)
    clock.now = connection.execute(text("select extract(epoch from now())::float")).scalar_one()
    assert (stranger.get("/healthz/loop").status_code, stranger.get("/healthz/loop").text) == (
        200,
        "ok\n",
    )
    clock.now += 601
    answer = stranger.get("/healthz/loop")
    assert answer.status_code == 503
    assert "observe has not run for 60" in answer.text


def test_what_is_sampled_more_densely_is_among_the_metrics(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    clock.now = connection.execute(text("select extract(epoch from now())::float")).scalar_one()
    for task_type, density, minutes in (("sql", 10.0, 9), ("chat", 2.5, 9), ("code", 10.0, -1)):
        put_burst(
            connection,
            ("simple", task_type),
            density=density,
            asked=10.0,
            statistic=1e4,
            level=2e7,
            until=dt.datetime.fromtimestamp(clock.now, dt.UTC) + dt.timedelta(minutes=minutes),
        )
    found = stranger.get("/metrics").text
    assert 'tierwatch_evaluation_burst_density{task_type="sql",tier="simple"} 10.0' in found
    assert 'tierwatch_evaluation_burst_starved{task_type="chat",tier="simple"} 1.0' in found
    assert 'tierwatch_evaluation_burst_density{task_type="code"' not in found  # nobody prolonged it
    assert 'tierwatch_evaluation_bursts_total{task_type="code",tier="simple"} 1.0' in found

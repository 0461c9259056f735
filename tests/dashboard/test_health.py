from typing import Any

import pytest
from factories.rows import add_alert, add_outcome, add_pair, add_policy, add_rollup, put_in_force
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection

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
    assert samples["tierwatch_database_up",] == 1
    assert samples["tierwatch_requests_total", "simple"] == 10
    assert samples["tierwatch_misroute_rate", "estimate", "simple"] == 0
    assert samples["tierwatch_sampled_exchanges", "judged"] == 1
    assert samples["tierwatch_captured_exchanges",] == 1
    assert samples["tierwatch_cost_usd_total", "serving"] == 1
    assert samples["tierwatch_unresolved_alerts",] == 1
    assert samples["tierwatch_threshold", "simple"] == 0.7
    assert samples["tierwatch_saving_ratio",] == 0.75
    spent = {kind: samples["tierwatch_spend_usd_total", kind] for kind in KINDS}
    # A shadow answer is .01 and a verdict .002.
    assert spent == {"serving": 1, "classifier": 0.5, "shadow": 0.01, "judge": 0.002, "checks": 0}
    net = samples["tierwatch_saving_net_of_evaluation_ratio",]
    assert net == pytest.approx(1 - sum(spent.values()) / 4)


def test_what_is_not_known_is_absent_and_not_zero(stranger: Any) -> None:
    names = {key[0] for key in _samples(stranger.get("/metrics").text)}
    assert "tierwatch_database_up" in names
    assert not names & {
        "tierwatch_misroute_rate",
        "tierwatch_saving_ratio",
        "tierwatch_saving_net_of_evaluation_ratio",
    }
    assert "tierwatch_policy_version" not in names


def test_scrapes_within_ten_seconds_read_once(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    def alerts() -> float:
        return _samples(stranger.get("/metrics").text)["tierwatch_unresolved_alerts",]

    assert alerts() == 0
    add_alert(connection)
    clock.now += 9
    assert alerts() == 0
    clock.now += 2
    assert alerts() == 1


def test_healthz_asks_nobody(stranger: Any) -> None:
    assert stranger.get("/healthz").text == "ok\n"

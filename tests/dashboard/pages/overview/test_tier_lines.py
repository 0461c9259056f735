from typing import Any

from factories.rows import add_outcome, add_policy, add_rollup, put_in_force
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.pages.overview.tier_lines import TierLine, tier_lines
from tierwatch.loop.report.build import build_report
from tierwatch.store.sums.hours import TierSums
from tierwatch.store.sums.served import served


def _lines(connection: Connection, config: Config, **more: Any) -> dict[str, TierLine]:
    lines = tier_lines(
        build_report(connection, config), config, served(connection).tiers,
        more.get("candidate", {}), more.get("by_task", {}),
    )  # fmt: skip
    return {line.name: line for line in lines}


def test_without_traffic_every_tier_is_there_and_nothing_is_zero_per_cent(
    connection: Connection, config: Config
) -> None:
    lines = _lines(connection, config)
    assert list(lines) == ["simple", "standard", "complex"]
    for line in lines.values():
        assert (line.requests, line.share, line.latency_ms) == (0, None, None)
        assert (line.cost_usd, line.errors, line.escalated) == (0.0, 0, 0)


def test_the_ends_have_no_rate_where_there_is_no_tier_to_compare_with(
    connection: Connection, config: Config
) -> None:
    lines = _lines(connection, config)
    assert lines["complex"].misroute is None
    assert lines["complex"].threshold is None
    assert lines["simple"].overspend is None
    assert lines["standard"].misroute is not None
    assert not lines["standard"].misroute.enough


def test_counts_of_all_traffic_and_rates_of_the_sample(
    connection: Connection, config: Config
) -> None:
    add_policy(connection, 1)
    put_in_force(connection, 1)
    add_rollup(connection, "simple", 75, errors=2, cost_usd=1.5)
    add_rollup(connection, "standard", 25, escalated=9)
    for number in range(40):
        add_outcome(connection, number, float(number < 4))
    lines = _lines(
        connection, config,
        candidate={"simple": 0.8}, by_task={"sql": {"simple": 0.6}, "code": {"standard": 0.9}},
    )  # fmt: skip
    simple = lines["simple"]
    assert (simple.requests, simple.share, simple.errors, simple.cost_usd) == (75, 0.75, 2, 1.5)
    assert simple.latency_ms == 100.0
    assert (simple.threshold, simple.candidate_threshold, simple.own_thresholds) == (0.7, 0.8, 1)
    assert simple.misroute is not None
    assert simple.misroute.value == 0.1  # 4 of 40
    assert (lines["standard"].escalated, lines["standard"].candidate_threshold) == (9, None)
    assert (simple.model, simple.tolerance) == ("small-1", 0.05)


def test_a_tier_that_left_the_configuration_is_not_listed(
    connection: Connection, config: Config
) -> None:
    report = build_report(connection, config)
    gone = {"gone": TierSums(requests=5, cost_usd=1.0, latency_ms=10.0)}
    assert "gone" not in {line.name for line in tier_lines(report, config, gone, {}, {})}


def test_without_requests_nothing_is_divided_by_them(
    connection: Connection, config: Config
) -> None:
    add_rollup(connection, "simple", 0, latency_ms=0.0)
    assert _lines(connection, config)["simple"].latency_ms == 0.0

import datetime as dt
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.metrics import families, score_families, vital_families
from tierwatch.loop.report.build import build_report
from tierwatch.loop.report.schema import Rate, Report
from tierwatch.store.pages.overview import Waiting
from tierwatch.store.pages.vitals import Vitals
from tierwatch.store.traced.scores import ScoreLine

NOBODY = Waiting()


@pytest.fixture
def report(connection: Connection, config: Config) -> Report:
    """Of an empty database, for tests to change."""
    return build_report(connection, config)


class _Given(Collector):
    def __init__(self, found: list[Metric]) -> None:
        self.found = found

    def collect(self) -> Iterable[Metric]:
        return self.found


def _text(report: Report, waiting: Waiting = NOBODY) -> str:
    registry = CollectorRegistry()
    registry.register(_Given(families(report, waiting)))
    return generate_latest(registry).decode()


def _rate(estimate: float | None, low: float | None, high: float) -> Rate:
    return Rate(estimate=estimate, low=low, high=high, n=40, method="m")


def test_every_tier_counts_its_requests_from_the_start(report: Report) -> None:
    text = _text(report)
    for tier in ("simple", "standard", "complex"):
        assert f'tierwatch_evaluation_requests_total{{tier="{tier}"}} 0.0' in text


def test_unfamiliar_requests_are_counted_by_tier(report: Report) -> None:
    report["tiers"]["complex"]["unfamiliar"] = 7
    assert 'tierwatch_evaluation_unfamiliar_requests_total{tier="complex"} 7.0' in _text(report)


def test_a_rate_has_its_value_and_both_ends(report: Report) -> None:
    report["tiers"]["simple"]["misroute"] = _rate(0.1, 0.04, 0.2)
    text = _text(report)
    for bound, number in (("estimate", 0.1), ("low", 0.04), ("high", 0.2)):
        assert (
            f'tierwatch_evaluation_misroute_rate{{bound="{bound}",tier="simple"}} {number}' in text
        )


def test_a_corrected_rate_has_samples_of_its_own_once_there_is_one(report: Report) -> None:
    assert "tierwatch_evaluation_misroute_corrected_rate{" not in _text(report)
    report["tiers"]["simple"]["misroute"] = _rate(0.1, 0.04, 0.2)
    report["tiers"]["simple"]["misroute_corrected"] = _rate(0.07, 0.03, 0.15)
    text = _text(report)
    assert 'tierwatch_evaluation_misroute_rate{bound="estimate",tier="simple"} 0.1' in text
    assert 'tierwatch_evaluation_misroute_corrected_rate{bound="high",tier="simple"} 0.15' in text


def test_whether_the_judge_is_trusted_is_a_metric_once_it_is_known(report: Report) -> None:
    assert "tierwatch_evaluation_judge_trusted" not in _text(report)
    report["trust"] = {
        "judge_version": "j", "trusted": False, "right": 102, "anchors": 408, "low": 0.18,
        "high": 0.32, "least": 0.5, "sentence": "NOT TRUSTED",
    }  # fmt: skip
    text = _text(report)
    assert "tierwatch_evaluation_judge_trusted 0.0" in text
    assert "tierwatch_evaluation_judge_anchor_accuracy 0.25" in text


def test_an_end_that_is_open_has_no_sample(report: Report) -> None:
    report["tiers"]["simple"]["misroute"] = _rate(0.1, None, 0.2)
    text = _text(report)
    assert 'bound="high",tier="simple"' in text
    assert 'bound="low",tier="simple"' not in text


def test_a_rate_that_is_not_known_has_none_though_its_ends_are(report: Report) -> None:
    report["tiers"]["simple"]["misroute"] = _rate(None, 0.0, 1.0)
    assert "tierwatch_evaluation_misroute_rate{" not in _text(report)


def test_a_threshold_of_a_tier_that_is_gone_is_not_shown(report: Report) -> None:
    report["thresholds"] = {"simple": 0.7, "gone": 0.9}
    text = _text(report)
    assert 'tierwatch_evaluation_threshold{tier="simple"} 0.7' in text
    assert "gone" not in text


def test_the_stages_of_the_sample_sum_to_what_was_captured(report: Report) -> None:
    report |= {"captured": 15, "judged": 1, "unscored": 2, "failed": 3, "pending": 4, "dropped": 5}
    text = _text(report)
    stages = [
        line
        for line in text.splitlines()
        if line.startswith("tierwatch_evaluation_sampled_exchanges{")
    ]
    assert sum(float(line.split()[-1]) for line in stages) == 15
    assert "tierwatch_evaluation_captured_exchanges 15.0" in text


def test_a_saving_may_be_negative_and_zero_and_is_then_a_sample(report: Report) -> None:
    report["saving"], report["saving_net_of_evaluation"] = 0.0, -3.83
    text = _text(report)
    assert "tierwatch_evaluation_saving_ratio 0.0" in text
    assert "tierwatch_evaluation_saving_net_of_evaluation_ratio -3.83" in text


def test_what_waits_for_a_person_is_counted(report: Report) -> None:
    text = _text(report, Waiting(alerts=2, proposals=3, moving=4))
    assert "tierwatch_evaluation_unresolved_alerts 2.0" in text
    assert "tierwatch_evaluation_open_proposals 3.0" in text


def test_every_metric_says_what_it_is(report: Report) -> None:
    found = families(report, NOBODY)
    assert len({one.name for one in found}) == len(found)
    assert all(one.name.startswith("tierwatch_") and one.documentation for one in found)


def _vitals(vitals: Vitals) -> str:
    registry = CollectorRegistry()
    registry.register(_Given(vital_families(vitals)))
    return generate_latest(registry).decode()


def test_moments_that_are_not_known_have_no_sample() -> None:
    text = _vitals(Vitals())
    assert "# TYPE tierwatch_evaluation_last_verdict_timestamp_seconds gauge" in text
    assert [line for line in text.splitlines() if not line.startswith("#")] == []


def test_moments_are_seconds_since_1970_and_alerts_go_by_kind() -> None:
    at = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    lines = _vitals(
        Vitals(
            last_verdict=at,
            oldest_pending=at,
            alerts={("misroute", "simple", "open"): 2},
            months_until=dt.date(2027, 2, 1),
            certified_at=at,
        )
    ).splitlines()
    for name in ("last_verdict", "oldest_pending", "certificate"):
        assert f"tierwatch_evaluation_{name}_timestamp_seconds {at.timestamp():.9e}" in [
            f"{line.split()[0]} {float(line.split()[1]):.9e}" for line in lines if line[0] != "#"
        ]
    assert "tierwatch_evaluation_months_until_timestamp_seconds 1.80144e+09" in lines
    assert 'tierwatch_evaluation_alerts{kind="misroute",state="open",tier="simple"} 2.0' in lines


def test_places_of_scores_and_how_they_do() -> None:
    since = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    lines = [
        ScoreLine("lf", None, "HTTP 200", waiting=3, failed=1),
        ScoreLine("px", since, "HTTP 503", waiting=9, failed=0),
    ]
    shown = {
        (family.name.removeprefix("tierwatch_evaluation_scores_"), sample.labels["destination"]):
        sample.value
        for family in score_families(lines)
        for sample in family.samples
    }  # fmt: skip
    assert shown == {
        ("failing", "lf"): 0, ("failing", "px"): 1,
        ("waiting", "lf"): 3, ("waiting", "px"): 9,
        ("failed", "lf"): 1, ("failed", "px"): 0,
    }  # fmt: skip


def test_without_places_of_scores_the_series_are_there_and_empty() -> None:
    assert [len(family.samples) for family in score_families([])] == [0, 0, 0]

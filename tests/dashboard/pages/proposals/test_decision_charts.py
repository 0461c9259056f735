"""The charts by which people decide: what is shaded is what is certified."""

import datetime as dt
import math
from typing import Any

import pytest
from factories import decided
from factories import evidence as stored
from factories.rows import NOW
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.charts.chart import Chart
from tierwatch.dashboard.pages.proposals.decision_charts import monitor_chart, risk_charts
from tierwatch.evaluation.rates.estimate import unknown
from tierwatch.evaluation.thresholds.choice import choose_threshold
from tierwatch.loop.report.rollout_standing import Arm, RolloutStanding
from tierwatch.store.pages.rollout import ArmTraffic


def bounds(*found: tuple[float, float, int]) -> list[dict[str, Any]]:
    return [{"threshold": at, "bound": bound, "pairs": pairs} for at, bound, pairs in found]


def charts(
    evidence: dict[str, Any], kind: str = "threshold", *, trusted: bool = True, **changes: Any
) -> tuple[Chart, ...]:
    proposal = decided.proposal(kind, evidence=evidence, **changes)
    return risk_charts(proposal, proposal.evidence, trusted=trusted)  # type: ignore[arg-type]


STRICT_TO_LOOSE = bounds((0.8, 0.03, 100), (0.79, 0.04, 200), (0.78, 0.06, 400))


def test_risk_and_coverage_have_one_axis_with_both_thresholds_and_what_passed() -> None:
    found = charts(stored.threshold(bounds=STRICT_TO_LOOSE), pairs=500, to_threshold=0.79)
    risk, coverage = found
    assert risk.x == coverage.x == (0.78, 0.79, 0.8)
    assert risk.series[0].values == (0.06, 0.04, 0.03)
    assert risk.series[0].notes[0] == "400 pairs kept"
    assert [(level.name, level.value) for level in risk.levels] == [("tolerated", 0.05)]
    assert coverage.series[0].values == (0.8, 0.4, 0.2)
    assert "500 pairs that simple would keep" in coverage.says
    for one in found:
        # The present threshold was not tested, and is shown.
        assert one.shown == pytest.approx((0.695, 0.805))
        assert [(mark.words, mark.at) for mark in one.marks_shown] == [
            ("present", 0.7),
            ("proposed", 0.79),
        ]
        (region,) = one.regions
        assert (region.start, region.end, region.name) == (0.79, 0.8, "certified")


@pytest.mark.parametrize(
    "changes", [{"certified": False}, {"trusted": False}, {"to_threshold": 0.78}]
)
def test_nothing_is_shaded_without_a_certificate_that_holds(changes: dict[str, Any]) -> None:
    evidence = stored.threshold(bounds=STRICT_TO_LOOSE)
    for chart in charts(evidence, **({"to_threshold": 0.79} | changes)):
        assert chart.regions == ()


def test_the_strictest_that_keeps_too_few_pairs_is_outside_the_certified() -> None:
    tested = bounds((0.8, 0.3, 4), (0.75, 0.04, 300), (0.74, 0.045, 320), (0.73, 0.06, 400))
    risk, _ = charts(stored.threshold(bounds=tested), to_threshold=0.74)
    assert [(one.start, one.end) for one in risk.regions] == [(0.74, 0.75)]


@given(
    st.lists(st.tuples(st.floats(0.5, 0.99), st.booleans()), min_size=50, max_size=400),
)
def test_what_is_shaded_is_what_the_test_certified(pairs: list[tuple[float, bool]]) -> None:
    confidences, bad = zip(*pairs, strict=True)
    losses = [float(one and confidence < 0.7) for confidence, one in pairs]
    assert len(bad) == len(losses)
    choice = choose_threshold(
        confidences, losses, None, alpha=0.05, delta=0.05, current=0.7, step=0.1
    )
    tested = bounds(*((at, bound, choice.pairs[at]) for at, bound in choice.bounds.items()))
    changes = {"certified": choice.certified, "to_threshold": choice.threshold}
    for chart in charts(stored.threshold(bounds=tested), **changes):
        assert bool(chart.regions) == choice.certified
        for region in chart.regions:
            assert region.start == choice.threshold
            inside = [at for at in choice.bounds if region.start <= at <= region.end]
            assert all(choice.bounds[at] <= 0.05 for at in inside)


def test_under_an_objective_the_bound_is_of_the_total_loss() -> None:
    tested = bounds((0.8, 0.03, 100), (0.79, 0.04, 200))
    risk, _ = charts(stored.objective(bounds=tested))
    assert "quality loss of all tiers" in risk.says
    assert [one.name for one in risk.levels] == ["allowed"]


def test_the_threshold_of_another_model_is_not_on_this_one_s_axis() -> None:
    tested = bounds((0.62, 0.03, 100), (0.61, 0.06, 120))
    risk, _ = charts(stored.model(bounds=tested, alpha=0.05), "model", to_threshold=0.62)
    assert [mark.words for mark in risk.marks] == ["proposed"]
    assert risk.shown == pytest.approx((0.6095, 0.6205))


def test_without_a_rate_to_hold_there_is_no_level_and_nothing_is_certified() -> None:
    tested = bounds((0.62, 0.03, 100), (0.61, 0.06, 120))
    risk, _ = charts(stored.model(bounds=tested), "model", to_threshold=0.62)
    assert (risk.levels, risk.regions) == ((), ())


def test_evidence_that_does_not_say_how_many_pairs_are_kept_has_no_coverage() -> None:
    (only,) = charts(stored.threshold(bounds=bounds((0.8, 0.03, 0), (0.79, 0.04, 0))))
    assert only.title == "Risk by threshold"


@pytest.mark.parametrize(
    "tested",
    [bounds(), bounds((0.8, 0.03, 100)), bounds((0.8, 0.03, 100), (0.8, 0.04, 100))],
)
def test_one_threshold_is_no_line(tested: list[dict[str, Any]]) -> None:
    assert charts(stored.threshold(bounds=tested)) == ()


def standing(**changes: Any) -> RolloutStanding:
    arm = Arm(ArmTraffic(10, 0.1), unknown(), 2)
    columns: dict[str, Any] = {
        "version": 2,
        "proposal": decided.proposal(),
        "running": True,
        "share": 0.2,
        "started_at": NOW,
        "ended_at": NOW + dt.timedelta(hours=1),
        "candidate": arm,
        "other": arm,
        "promised": 0.05,
        "statistic": 7.5,
        "level": 10_000.0,
        "min_pairs": 100,
        "path": ((1, 0.9), (2, 7.5)),
    }
    return RolloutStanding(**(columns | changes))


def test_a_monitor_is_drawn_against_its_level() -> None:
    chart = monitor_chart(standing())
    assert chart is not None
    assert chart.x == (1.0, 2.0)
    assert chart.series[0].values == (0.9, 7.5)
    assert (chart.levels[0].value, chart.log) == (10_000.0, True)
    assert "more than the promised 5.0 %" in chart.says
    assert [row.at for row in chart.rows] == ["1", "2"]


def test_what_cannot_be_drawn_is_a_gap() -> None:
    chart = monitor_chart(standing(path=((1, 0.9), (2, math.inf), (3, 2.0))))
    assert chart is not None
    assert chart.series[0].values == (0.9, None, 2.0)


@pytest.mark.parametrize("changes", [{"level": None}, {"promised": None}, {"path": ((1, 0.9),)}])
def test_without_a_level_or_two_pairs_there_is_no_chart(changes: dict[str, Any]) -> None:
    assert monitor_chart(standing(**changes)) is None

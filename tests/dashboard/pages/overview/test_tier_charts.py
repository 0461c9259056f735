import pytest

from tierwatch.dashboard.charts.chart import Mark
from tierwatch.dashboard.charts.rates import STEPS
from tierwatch.dashboard.pages.overview.tier_charts import (
    Scene,
    quality_and_cost,
    spend,
    tier_mix,
)
from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.sums.judged import MisroutesOverTime
from tierwatch.store.sums.served import TierStep

AT = 1_795_004_800.0
LADDER = ("simple", "standard", "complex")
SCENE = Scene(LADDER, (AT, AT + STEPS * 60), (Mark(AT + 5, "policy 3 active"),), 30)


def sums(pairs: int, losses: float = 0.0) -> RateSums:
    return RateSums(pairs, losses, float(pairs), losses, float(pairs))


def served(step: int, tier: str, requests: int) -> TierStep:
    return TierStep(step, tier, requests, cost_usd=requests * 0.25, top_tier_usd=float(requests))


TRAFFIC = [served(0, "simple", 60), served(0, "standard", 30), served(0, "complex", 10)]


def test_quality_is_what_the_boundaries_leave_of_it() -> None:
    found = MisroutesOverTime(
        {("simple", 0): sums(100, 2.0), ("standard", 0): sums(100, 3.0)}, {}, {}
    )
    chart = quality_and_cost(found, TRAFFIC, SCENE)
    quality, cost = chart.series
    assert quality.values == (pytest.approx(1 - 0.6 * (0.02 + 0.03) - 0.3 * 0.03),)
    assert quality.low[0] is not None
    assert quality.high[0] is not None
    assert quality.low[0] < 0.961 < quality.high[0]
    assert quality.notes == ("200 pairs",)
    assert cost.values == (0.25,)
    assert chart.marks == SCENE.marks


def test_a_tier_without_a_single_pair_leaves_the_quality_unknown_and_not_perfect() -> None:
    found = MisroutesOverTime({("simple", 0): sums(100, 2.0)}, {}, {})
    quality, cost = quality_and_cost(found, TRAFFIC, SCENE).series
    assert (quality.values, quality.low, quality.high) == ((None,), (None,), (None,))
    assert cost.values == (0.25,)


def test_too_few_pairs_of_all_tiers_say_so() -> None:
    found = MisroutesOverTime({("simple", 0): sums(20), ("standard", 3): sums(9)}, {}, {})
    chart = quality_and_cost(found, TRAFFIC, SCENE)
    assert chart.empty
    assert chart.missing == "Not enough pairs in this time: 29 of 30."


def test_pairs_of_the_cache_are_of_no_boundary() -> None:
    found = MisroutesOverTime({("cache", 0): sums(500)}, {}, {})
    assert quality_and_cost(found, TRAFFIC, SCENE).empty


def test_shares_add_up_to_one_in_every_step_that_served() -> None:
    chart = tier_mix([*TRAFFIC, served(5, "standard", 4), served(5, "cache", 12)], SCENE)
    assert [one.name for one in chart.series] == ["simple", "standard", "complex", "cache"]
    assert [one.values for one in chart.series] == [
        (0.6, 0.0), (0.3, 0.25), (0.1, 0.0), (0.0, 0.75),
    ]  # fmt: skip
    assert chart.x == (AT + 30, AT + 330)
    assert len({one.tone for one in chart.series}) == 4


def test_a_step_of_no_requests_has_no_shares() -> None:
    chart = tier_mix([served(0, "simple", 0)], SCENE)
    assert chart.series[0].values == (None,)


def test_costs_by_tier_in_the_tiers_colours() -> None:
    chart = spend([served(0, "complex", 8), served(1, "simple", 4)], SCENE)
    assert {one.name: one.values for one in chart.series} == {
        "simple": (0.0, 1.0),
        "complex": (2.0, 0.0),
    }
    assert [one.tone for one in chart.series] == ["one", "three"]
    assert spend([], SCENE).empty
    assert tier_mix([], SCENE).missing == "Nothing was served in this time."

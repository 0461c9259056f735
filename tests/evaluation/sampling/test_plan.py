from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.misroute_monitor import fits
from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
from tierwatch.evaluation.sampling.burst import AS_PLANNED, Burst, Densities
from tierwatch.evaluation.sampling.inclusion import propensities
from tierwatch.evaluation.sampling.plan import SamplingPlan, weight_cap
from tierwatch.routing.decision import Decision

LADDER = ("simple", "standard", "complex")


def escalated(tier: str, confidence: float) -> Decision:
    return Decision(
        tier=tier,
        model=f"model-{tier}",
        confidence=confidence,
        threshold=0.7,
        label="simple",
        escalated=tier != "simple",
        task_type=None,
        policy_version=1,
        reason="escalated" if tier != "simple" else "classified",
    )


@pytest.mark.parametrize(
    ("plan", "cap"),
    [
        # Two thirds of escalated mid-tier traffic are shadowed up: 1 / (2 / 3).
        ({}, 1.5),
        # Half of the mean in the thinnest bin: a floor of .2 and .8 * .5, so 1.5 / .6.
        ({"allocation": {}}, 2.5),
        ({"probe_down_rate": 0.05}, 1.0),
        ({"probe_down_rate": 0.0}, 1.0),
        # What is left for up is 1 - .96: .05 / .04.
        ({"probe_down_rate": 0.96}, 1.25),
        ({"probe_down_rate": 0.96, "allocation": {}}, 1.25 / 0.6),
        ({"probe_down_rate": 1.0}, 1.0),
    ],
)
def test_the_cap_of_a_plan(plan: dict[str, Any], cap: float) -> None:
    assert weight_cap(SamplingPlan(sample_rate=0.05, **plan)) == pytest.approx(cap)


@given(
    rate=st.floats(0.01, 1),
    down=st.none() | st.floats(0, 0.99),
    factor=st.floats(0.05, 1),
    share=st.none() | st.floats(0.5, 2.5),
    confidence=st.floats(0, 1),
    tier=st.sampled_from(LADDER),
)
def test_no_weight_upwards_exceeds_it(  # noqa: PLR0917 - drawn
    rate: float,
    down: float | None,
    factor: float,
    share: float | None,
    confidence: float,
    tier: str,
) -> None:
    allocation = (
        None
        if share is None
        else {(name, bin_): share for name in LADDER for bin_ in range(CONFIDENCE_BINS)}
    )
    plan = SamplingPlan(rate, down, factor=factor, allocation=allocation)
    up, *_ = propensities(escalated(tier, confidence), LADDER, plan)
    if up > 0:
        assert fits([rate * factor / up], weight_cap(plan))


def test_the_budgets_factor_changes_no_cap() -> None:
    assert weight_cap(SamplingPlan(0.3, factor=0.1)) == weight_cap(SamplingPlan(0.3))


NOW = 1_800_000_000.0
DENSITIES = st.floats(1, 50)


@given(
    rate=st.floats(0.001, 1),
    down=st.none() | st.floats(0, 0.99),
    factor=st.floats(0.05, 1),
    share=st.none() | st.floats(0.5, 2.5),
    confidence=st.floats(0, 1),
    tier=st.sampled_from(LADDER),
    of_segment=DENSITIES,
    of_tier=DENSITIES,
)
def test_a_burst_samples_no_less_and_no_weight_exceeds_the_cap(  # noqa: PLR0917 - drawn
    rate: float,
    down: float | None,
    factor: float,
    share: float | None,
    confidence: float,
    tier: str,
    of_segment: float,
    of_tier: float,
) -> None:
    allocation = (
        None
        if share is None
        else {(name, bin_): share for name in LADDER for bin_ in range(CONFIDENCE_BINS)}
    )
    planned = SamplingPlan(rate, down, factor=factor, allocation=allocation)
    plan = replace(
        planned,
        bursts={
            (tier, "sql"): Burst(of_segment, NOW + 1),
            (tier, "*"): Burst(of_tier, NOW + 1),
        },
    )
    one = replace(escalated(tier, confidence), task_type="sql")
    before, chances = propensities(one, LADDER, planned, NOW), propensities(one, LADDER, plan, NOW)
    assert chances.up >= before.up
    assert chances.down == before.down
    assert chances.either <= 1 + 1e-12
    if chances.up > 0:
        weight, densities = plan.rate / chances.up, chances.densities
        assert 1 <= densities.tier <= densities.segment <= max(of_segment, of_tier)
        assert fits([weight * densities.segment, weight * densities.tier], weight_cap(plan))
        assert weight_cap(plan) == weight_cap(planned)


def test_a_segment_and_its_tier_have_their_own_densities() -> None:
    plan = SamplingPlan(
        0.01,
        bursts={
            ("simple", "sql"): Burst(10.0, NOW + 60),
            ("simple", "*"): Burst(4.0, NOW + 60),
            ("standard", "chat"): Burst(10.0, NOW + 60),
        },
    )
    assert plan.densities("simple", "sql", NOW) == Densities(10.0, 4.0)
    assert plan.densities("simple", "chat", NOW) == Densities(4.0, 4.0)
    assert plan.densities("standard", "chat", NOW) == Densities(10.0, 1.0)
    assert plan.densities("complex", "sql", NOW) == AS_PLANNED


def test_a_burst_is_over_at_its_end_without_anybody_s_help() -> None:
    plan = SamplingPlan(0.01, bursts={("simple", "all"): Burst(10.0, NOW)})
    assert plan.densities("simple", "all", NOW - 0.001).segment == 10
    assert plan.densities("simple", "all", NOW) == AS_PLANNED


@pytest.mark.parametrize(
    ("plan", "possible"),
    [
        (SamplingPlan(0.05), 10),
        (SamplingPlan(0.05, factor=0.0), 1),
        (SamplingPlan(0.0), 1),
        (SamplingPlan(1.0), 1),
        # Room is left for what is probed down: (1 - .3 / 3) / .3.
        (SamplingPlan(0.3), 3),
        (SamplingPlan(0.3, probe_down_rate=0.7), 1),
        # The budget's factor makes room: .3 of it is half sampled.
        (SamplingPlan(0.3, factor=0.1), 10),
    ],
)
def test_there_is_no_denser_than_everything(plan: SamplingPlan, possible: float) -> None:
    assert plan.possible_density(10) == pytest.approx(possible)

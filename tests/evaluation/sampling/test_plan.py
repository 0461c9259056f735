from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.misroute_monitor import fits
from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
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
    up, _ = propensities(escalated(tier, confidence), LADDER, plan)
    if up > 0:
        assert fits([rate * factor / up], weight_cap(plan))


def test_the_budgets_factor_changes_no_cap() -> None:
    assert weight_cap(SamplingPlan(0.3, factor=0.1)) == weight_cap(SamplingPlan(0.3))

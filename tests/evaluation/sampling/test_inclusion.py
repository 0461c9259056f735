"""The recorded probability is the probability: a wrong pi voids every figure after it."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.sampling import inclusion as inclusion_module
from tierwatch.evaluation.sampling.budget import budget_factor
from tierwatch.evaluation.sampling.burst import Burst
from tierwatch.evaluation.sampling.inclusion import (
    Chances,
    Direct,
    Inclusion,
    cached_chances,
    cached_inclusion,
    drawn,
    inclusion,
    propensities,
)
from tierwatch.evaluation.sampling.plan import DOWN_SHARE, SamplingPlan, weight_cap
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import CACHE_TIER

LADDER = ("simple", "standard", "complex")


RATES = st.floats(0, 1)


PLANS = st.builds(SamplingPlan, sample_rate=RATES, probe_down_rate=st.none() | RATES, factor=RATES)


def decision(
    tier: str, *, escalated: bool, reason: str = "kept", confidence: float = 0.5
) -> Decision:
    return Decision(
        tier=tier,
        model="m",
        confidence=confidence,
        threshold=0.7,
        label="simple",
        escalated=escalated,
        task_type="all",
        policy_version=1,
        reason=reason,
    )


def seen(
    chosen: Decision, plan: SamplingPlan, ladder: tuple[str, ...] = LADDER, *, n: int = 20_000
) -> tuple[Counter[str], dict[str, set[Inclusion]]]:
    """How often each direction was drawn over n ids, and what was recorded with it."""
    counts: Counter[str] = Counter()
    recorded: dict[str, set[Inclusion]] = {}
    for number in range(n):
        found = inclusion(chosen, ladder, plan, f"exchange-{number}")
        if found is not None:
            counts[found.direction] += 1
            recorded.setdefault(found.direction, set()).add(found)
    return counts, recorded


@pytest.mark.parametrize(
    ("tier", "escalated", "plan", "up", "down"),
    [
        ("simple", False, SamplingPlan(0.3), 0.3, 0.0),
        ("standard", False, SamplingPlan(0.3), 0.3, 0.0),
        # Escalated mid-tier traffic: a third of the sample goes down.
        ("standard", True, SamplingPlan(0.3), 0.2, 0.1),
        ("standard", True, SamplingPlan(0.3, probe_down_rate=0.4), 0.3, 0.4),
        # Up takes what down leaves: 1 - 0.8.
        ("standard", True, SamplingPlan(0.9, probe_down_rate=0.8), 0.2, 0.8),
        ("complex", True, SamplingPlan(0.3), 0.0, 0.3),
        ("complex", True, SamplingPlan(0.3, probe_down_rate=0.5), 0.0, 0.5),
        # Labelled `complex`: nothing escalated it, so the escalated traffic's rate is not its own.
        ("complex", False, SamplingPlan(0.3, probe_down_rate=0.5), 0.0, 0.3),
        # Half of the day's budget factor halves both.
        ("standard", True, SamplingPlan(0.6, factor=0.5), 0.2, 0.1),
        ("standard", True, SamplingPlan(0.6, probe_down_rate=0.4, factor=0.5), 0.3, 0.2),
        ("simple", False, SamplingPlan(1.0), 1.0, 0.0),
        ("simple", False, SamplingPlan(0.0), 0.0, 0.0),
        ("simple", False, SamplingPlan(0.3, factor=0.0), 0.0, 0.0),
    ],
)
def test_the_recorded_probability_is_the_observed_frequency(
    tier: str,
    escalated: bool,  # noqa: FBT001 - a column of the table
    plan: SamplingPlan,
    up: float,
    down: float,
) -> None:
    n = 20_000
    counts, recorded = seen(decision(tier, escalated=escalated), plan, n=n)
    for direction, pi in (("up", up), ("down", down)):
        # Five standard deviations of a binomial count; 0 where pi is 0 or 1.
        spread = 5 * math.sqrt(n * pi * (1 - pi))
        assert abs(counts[direction] - n * pi) <= spread + 1e-6
        for found in recorded.get(direction, set()):
            assert found.pi == pytest.approx(pi)
            assert found.rate == pytest.approx(plan.sample_rate * plan.factor)
            assert found.weight == pytest.approx(found.rate / pi)
    assert set(recorded) == {name for name, pi in (("up", up), ("down", down)) if pi > 0}


@pytest.mark.parametrize(
    ("ladder", "tier", "drawn_for"),
    [
        (LADDER, "simple", "complex"),
        (LADDER, "standard", None),
        (LADDER, "complex", None),
        (("simple", "complex"), "simple", None),
        (("tiny", *LADDER), "tiny", "complex"),
        (("tiny", *LADDER), "simple", "complex"),
        (("tiny", *LADDER), "standard", None),
    ],
)
def test_a_share_of_what_is_two_tiers_below_is_compared_with_the_top_too(
    ladder: tuple[str, ...], tier: str, drawn_for: str | None
) -> None:
    n, plan = 20_000, SamplingPlan(0.5, direct_share=0.2)
    found = [
        one.direct
        for number in range(n)
        if (one := inclusion(decision(tier, escalated=False), ladder, plan, f"exchange-{number}"))
    ]
    direct = [one for one in found if one is not None]
    if drawn_for is None:
        assert direct == []
        return
    assert set(direct) == {Direct(drawn_for, 0.2, 0.1)}
    # Apart from the sample's own draw: five standard deviations of a binomial count.
    assert abs(len(direct) - 0.2 * len(found)) <= 5 * math.sqrt(0.16 * len(found))


def test_its_probability_follows_bursts_and_budget() -> None:
    plan = SamplingPlan(
        0.05, factor=0.5, direct_share=1.0, bursts={("simple", "all"): Burst(4.0, math.inf)}
    )
    found = [
        one
        for number in range(2_000)
        if (one := inclusion(decision("simple", escalated=False), LADDER, plan, f"{number}", 1.0))
    ]
    assert len(found) > 50
    # .05, half of it by the budget, four times that by the burst.
    assert {round(one.pi, 12) for one in found} == {0.1}
    assert all(one.direct == Direct("complex", 1.0, one.pi) for one in found)


def test_what_is_probed_down_is_compared_with_nobody_else() -> None:
    ladder = ("tiny", *LADDER)
    plan = SamplingPlan(1.0, direct_share=1.0)
    counts, recorded = seen(decision("simple", escalated=True), plan, ladder, n=2_000)
    assert counts["down"] > 0
    assert {one.direct for one in recorded["down"]} == {None}
    assert {one.direct for one in recorded["up"]} == {Direct("complex", 1.0, 1 - DOWN_SHARE)}


def test_none_are_drawn_where_none_are_asked_for() -> None:
    _, recorded = seen(decision("simple", escalated=False), SamplingPlan(1.0), n=200)
    assert {one.direct for one in recorded["up"]} == {None}


@given(PLANS, st.sampled_from(LADDER), st.booleans(), st.text(max_size=8))
def test_both_directions_together_are_at_most_certain(
    plan: SamplingPlan,
    tier: str,
    escalated: bool,  # noqa: FBT001 - drawn
    exchange_id: str,
) -> None:
    whole = inclusion(decision(tier, escalated=escalated), LADDER, plan, exchange_id)
    if whole is None:
        return
    assert 0 < whole.pi <= 1
    place = LADDER.index(tier)
    step = 1 if whole.direction == "up" else -1
    assert whole.alternative_tier == LADDER[place + step]
    if whole.direction == "up" and plan.sample_rate * plan.factor > 1e-300:
        assert whole.weight <= weight_cap(plan) * (1 + 1e-9)


@given(PLANS, st.sampled_from(range(3)), st.booleans())
def test_the_probabilities_of_both_directions_add_up_to_at_most_one(
    plan: SamplingPlan,
    place: int,
    escalated: bool,  # noqa: FBT001 - drawn
) -> None:
    up, down = inclusion_module._rates(place, 3, plan, escalated=escalated)
    assert 0 <= up <= 1
    assert 0 <= down <= 1
    assert up + down <= 1 + 1e-12
    if place == 2:
        assert up == 0  # nothing is above the top tier


def test_a_draw_is_the_same_however_often_it_is_asked_and_another_under_another_salt() -> None:
    chosen = decision("simple", escalated=False)
    plan, other = SamplingPlan(0.5), SamplingPlan(0.5, salt="other")
    first = [inclusion(chosen, LADDER, plan, str(n)) for n in range(200)]
    assert first == [inclusion(chosen, LADDER, plan, str(n)) for n in range(200)]
    assert first != [inclusion(chosen, LADDER, other, str(n)) for n in range(200)]


def test_a_larger_rate_keeps_the_sample_of_the_smaller_one() -> None:
    chosen = decision("simple", escalated=False)
    for number in range(500):
        if inclusion(chosen, LADDER, SamplingPlan(0.2), str(number)):
            assert inclusion(chosen, LADDER, SamplingPlan(0.3), str(number))


@pytest.mark.parametrize("reason", ["pinned", "classifier_failed:timeout", "cascade:empty"])
def test_what_the_router_did_not_choose_is_no_evidence(reason: str) -> None:
    chosen = decision("simple", escalated=False, reason=reason)
    assert seen(chosen, SamplingPlan(1.0), n=50)[0] == Counter()


def test_two_tiers_are_a_ladder_too() -> None:
    two = ("simple", "complex")
    assert set(seen(decision("simple", escalated=False), SamplingPlan(1.0), two, n=9)[0]) == {"up"}
    assert set(seen(decision("complex", escalated=True), SamplingPlan(1.0), two, n=9)[0]) == {
        "down"
    }


def test_no_budget_at_all_samples_nothing() -> None:
    assert budget_factor(0.0, 0.0) == 0.0


def test_two_phases_sample_where_risk_is_and_record_the_probability() -> None:
    # Bin 18 holds .9: it gets .2 + .8 x 1.5 = 1.4 of the rate, a bin not named .2 + .8 x 1.
    plan = SamplingPlan(0.1, allocation={("simple", 18): 1.5})
    chosen = decision("simple", escalated=False, confidence=0.9)
    assert propensities(chosen, LADDER, plan)[:2] == (pytest.approx(0.14), 0.0)
    counts, recorded = seen(chosen, plan, n=20_000)
    # Five standard deviations of a binomial count: sqrt(20,000 x .14 x .86) = 49.
    assert abs(counts["up"] - 2_800) <= 5 * 49
    [found] = recorded["up"]
    assert found.pi == pytest.approx(0.14)
    assert found.weight == pytest.approx(1 / 1.4)
    other = decision("simple", escalated=False, confidence=0.4)
    assert propensities(other, LADDER, plan)[:2] == (pytest.approx(0.1), 0.0)


def test_two_phases_leave_probes_down_alone() -> None:
    plan = SamplingPlan(0.3, allocation={("standard", 18): 2.0, ("complex", 18): 2.0})
    escalated = decision("standard", escalated=True, confidence=0.9)
    # Up: .3 x 2/3 x (.2 + .8 x 2) = .36; down: .3 / 3.
    assert propensities(escalated, LADDER, plan)[:2] == (pytest.approx(0.36), pytest.approx(0.1))
    top = decision("complex", escalated=True, confidence=0.9)
    assert propensities(top, LADDER, plan)[:2] == (0.0, pytest.approx(0.3))


@given(
    PLANS,
    st.sampled_from(LADDER),
    st.booleans(),
    st.floats(0, 1),
    st.dictionaries(st.integers(0, 19), st.floats(0.5, 2.5)),
)
def test_two_phases_keep_probabilities_possible_and_weights_under_the_cap(
    plan: SamplingPlan,
    tier: str,
    escalated: bool,  # noqa: FBT001 - drawn
    confidence: float,
    shares: dict[int, float],
) -> None:
    allocation = {(tier, place): share for place, share in shares.items()}
    plan = replace(plan, allocation=allocation)
    chosen = decision(tier, escalated=escalated, confidence=confidence)
    up, down, _ = propensities(chosen, LADDER, plan)
    assert up >= 0
    assert down >= 0
    assert up + down <= 1 + 1e-12
    rate = plan.sample_rate * plan.factor
    if up > 0 and rate > 1e-300:
        assert rate / up <= weight_cap(plan) * (1 + 1e-9)


def test_what_may_never_be_included_is_not_drawn() -> None:
    pinned = decision("simple", escalated=False, reason="pinned")
    assert drawn(pinned, LADDER, SamplingPlan(sample_rate=1.0), "x", Chances(0.0, 0.0)) is None


@given(plan=PLANS, tier=st.sampled_from(LADDER), number=st.integers(0, 10_000))
def test_a_draw_with_chances_in_hand_is_the_same_draw(
    plan: SamplingPlan, tier: str, number: int
) -> None:
    one = decision(tier, escalated=tier != "simple")
    chances = propensities(one, LADDER, plan)
    found = drawn(one, LADDER, plan, str(number), chances)
    assert found == inclusion(one, LADDER, plan, str(number))
    assert found is None or found.pi == chances[found.direction == "down"]


BURST = SamplingPlan(
    0.05,
    allocation={("simple", 10): 2.0, ("simple", 18): 0.5},
    bursts={("simple", "all"): Burst(10.0, until=100.0)},
)


def test_a_burst_draws_with_the_probability_that_it_writes_down() -> None:
    for confidence, share in ((0.5, 1.8), (0.9, 0.6)):
        one = decision("simple", escalated=False, confidence=confidence)
        found = [inclusion(one, LADDER, BURST, f"e{n}", 50.0) for n in range(20_000)]
        drawn_ = [each for each in found if each is not None]
        pi = 10 * 0.05 * share
        assert len(drawn_) == pytest.approx(20_000 * pi, rel=0.05)
        (pi_said,) = {each.pi for each in drawn_}
        assert pi_said == pytest.approx(pi)
        # Against a plain sample it weighs a tenth, among its own segment as much as ever.
        assert drawn_[0].weight == pytest.approx(0.1 / share)
        assert drawn_[0].weight * drawn_[0].densities.segment == pytest.approx(1 / share)


def test_who_was_sampled_as_planned_is_sampled_in_a_burst() -> None:
    one = decision("simple", escalated=False)
    planned = replace(BURST, bursts={})
    for number in range(3_000):
        if inclusion(one, LADDER, planned, str(number), 50.0) is not None:
            assert inclusion(one, LADDER, BURST, str(number), 50.0) is not None


def test_a_burst_that_is_over_draws_as_planned() -> None:
    one = decision("simple", escalated=False)
    planned = replace(BURST, bursts={})
    for number in range(1_000):
        after = inclusion(one, LADDER, BURST, str(number), 100.0)
        assert after == inclusion(one, LADDER, planned, str(number), 100.0)


def test_a_burst_changes_nothing_of_what_is_probed_down() -> None:
    plan = SamplingPlan(0.06, bursts={("standard", "all"): Burst(10.0, until=100.0)})
    one = decision("standard", escalated=True)
    up, down, _ = propensities(one, LADDER, plan, 50.0)
    assert (up, down) == (pytest.approx(0.4), pytest.approx(0.02))
    top = decision("complex", escalated=True)
    everywhere = replace(plan, bursts={("complex", "all"): Burst(10.0, until=100.0)})
    assert propensities(top, LADDER, everywhere, 50.0)[:2] == (0.0, pytest.approx(0.06))


def test_answers_of_the_cache_have_a_burst_of_their_own() -> None:
    one = decision("simple", escalated=False)
    plan = SamplingPlan(0.02, bursts={(CACHE_TIER, "all"): Burst(10.0, until=100.0)})
    found = [cached_inclusion(one, plan, f"e{n}", 50.0) for n in range(20_000)]
    drawn_ = [each for each in found if each is not None]
    assert len(drawn_) == pytest.approx(20_000 * 0.2, rel=0.05)
    assert (drawn_[0].rate, drawn_[0].pi) == (0.02, pytest.approx(0.2))
    assert cached_chances(one, plan, 50.0).either == pytest.approx(0.2)
    assert cached_chances(one, plan, 100.0).either == pytest.approx(0.02)

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.counterfactual.boundary_replay import Replay
from tierwatch.evaluation.counterfactual.outcomes import BoundaryOutcomes
from tierwatch.evaluation.counterfactual.replay import replay_policy
from tierwatch.evaluation.rates.binomial import clopper_pearson


def pairs(rows: list[tuple[float, float, float, int]], **more: Any) -> BoundaryOutcomes:
    """From (confidence, loss, pi, times); the lower tier costs 1, the upper 3."""
    columns = [np.repeat([row[k] for row in rows], [row[3] for row in rows]) for k in range(3)]
    n = columns[0].size
    return BoundaryOutcomes(*columns, np.full(n, 1.0), np.full(n, 3.0), **more)


def replay(evidence: BoundaryOutcomes, now: float, candidate: float, **more: Any) -> Replay:
    return replay_policy({"simple": evidence}, {"simple": now}, {"simple": candidate}, **more)


# 60 kept now with 3 bad, shadowed at 1; 40 escalated with 8 bad, probed down at 1/4.
LOGGED = pairs([(0.8, 1, 1.0, 3), (0.8, 0, 1.0, 57), (0.65, 1, 0.25, 8), (0.65, 0, 0.25, 32)])


def test_a_looser_threshold_shows_its_arithmetic() -> None:
    found = replay(LOGGED, 0.7, 0.6)
    one = found.boundaries[0]
    # Requests: 60 kept with 3 bad, 4 x 40 = 160 escalated with 32 bad, 220 in all.
    assert one.misroute_now.value == pytest.approx(3 / 60)
    assert one.misroute.value == pytest.approx(35 / 220)
    assert one.kept.value == pytest.approx(1.0)
    assert one.misroutes_change.value == pytest.approx(32 / 220)
    # Cost now 60 + 3 x 160 = 540, then 220.
    assert one.cost_change.value == pytest.approx(220 / 540 - 1)
    assert found.cost_change.value == pytest.approx(220 / 540 - 1)
    assert found.quality_change.value == pytest.approx(-32 / 220)
    # (60 + 160)^2 / (60 + 16 x 40) and 40 pairs alike
    assert one.effective == pytest.approx(220**2 / 700)
    assert one.effective_moved == pytest.approx(40)
    assert one.overlap_ok
    assert found.refused is None


def test_a_stricter_threshold_shows_its_arithmetic() -> None:
    one = replay(LOGGED, 0.6, 0.7).boundaries[0]
    assert one.misroute.value == pytest.approx(3 / 60)
    assert one.kept.value == pytest.approx(60 / 220)
    assert one.misroutes_change.value == pytest.approx(-32 / 220)
    assert one.misroutes_change.low < -32 / 220 < one.misroutes_change.high < 0
    assert one.cost_change.value == pytest.approx(540 / 220 - 1)


def test_the_interval_is_korn_and_graubards() -> None:
    # 33 losses are enough to believe their variance; requests 500, 25 + 4 x 8 = 57 of them bad.
    evidence = pairs([(0.8, 1, 1.0, 25), (0.8, 0, 1.0, 75), (0.8, 1, 0.25, 8), (0.8, 0, 0.25, 92)])
    one = replay(evidence, 0.7, 0.7).boundaries[0]
    h = 57 / 500
    squares = 25 * (1 - h) ** 2 + 75 * h**2 + 8 * (4 - 4 * h) ** 2 + 92 * (4 * h) ** 2
    n = h * (1 - h) / (200 / 199 * squares / 500**2)
    assert 500**2 / 1_700 < n < 200
    assert (one.misroute.low, one.misroute.high) == pytest.approx(clopper_pearson(h * n, n))


def test_a_few_losses_count_by_kishs_n_at_most() -> None:
    evidence = pairs([(0.8, 1, 1.0, 3), (0.8, 0, 1.0, 97), (0.8, 0, 0.25, 100)])
    misroute = replay(evidence, 0.7, 0.7).boundaries[0].misroute
    n = 500**2 / 1_700
    assert (misroute.low, misroute.high) == pytest.approx(clopper_pearson(3 / 500 * n, n))


def test_no_loss_at_all_is_not_certainty() -> None:
    one = replay(pairs([(0.8, 0, 0.5, 59), (0.65, 0, 0.5, 41)]), 0.7, 0.6).boundaries[0]
    assert (one.misroute.value, one.misroute.low) == (0.0, 0.0)
    # Clopper and Pearson's for none of 100.
    assert one.misroute.high == pytest.approx(0.0362, abs=1e-4)
    assert one.misroutes_change.high == pytest.approx(0.0362, abs=1e-4)


def test_a_tiny_pi_shows_in_the_effective_pairs_and_is_not_cut() -> None:
    evidence = pairs([(0.8, 0, 0.5, 200), (0.8, 1, 0.0001, 1)])
    one = replay(evidence, 0.7, 0.7).boundaries[0]
    assert one.misroute.value == pytest.approx(10_000 / 10_400)
    assert one.effective == pytest.approx(10_400**2 / (800 + 1e8))
    assert one.misroute.low < 0.05


def test_missing_overlap_is_refused_and_named() -> None:
    found = replay(LOGGED, 0.7, 0.4)
    one = found.boundaries[0]
    assert one.refused == (
        "0 effective pairs at confidence 0.40 to 0.50, 0 effective pairs at confidence"
        " 0.50 to 0.60, and 30 are needed"
    )
    assert found.refused == f"simple: {one.refused}"
    assert not one.overlap_ok
    for estimate in (
        one.kept,
        one.misroute,
        one.misroute_robust,
        one.misroutes_change,
        one.cost_change,
        found.quality_change,
        found.cost_change,
    ):
        assert estimate.value is None
        assert "effective pairs" in estimate.method
    assert one.misroute_now.value == pytest.approx(3 / 60)


def test_a_raise_needs_pairs_in_what_it_would_escalate() -> None:
    assert replay(LOGGED, 0.7, 0.75).refused is not None
    assert replay(LOGGED, 0.75, 0.85).refused is None
    assert replay(LOGGED, 0.75, 0.85, min_effective=61).refused is not None
    # A slice is about a tenth wide, so a hundredth more is not asked for by itself.
    assert replay(LOGGED, 0.74, 0.85).refused is None


def test_overlap_counts_effective_pairs() -> None:
    # 40 pairs of which one stands for as many requests as all others: (39 + 39)^2 / (39 + 39^2)
    evidence = pairs([(0.8, 0, 1.0, 60), (0.65, 0, 1.0, 39), (0.65, 0, 1 / 39, 1)])
    found = replay(evidence, 0.7, 0.6)
    assert found.boundaries[0].effective_moved == pytest.approx(78**2 / (39 + 39**2))
    assert (
        found.refused == "simple: 4 effective pairs at confidence 0.60 to 0.70, and 30 are needed"
    )


def test_where_there_is_no_traffic_no_pairs_are_asked_for() -> None:
    known = replace(LOGGED, traffic=[0.8, 0.65, 0.5], traffic_counts=[600, 1_600, 3])
    assert replay(known, 0.7, 0.45).refused is None
    busy = replace(known, traffic_counts=[600, 1_600, 300])
    assert replay(busy, 0.7, 0.45).refused is not None
    # Counts of nothing tell nothing.
    assert replay(replace(known, traffic_counts=[0, 0, 0]), 0.7, 0.45).refused is not None


@pytest.mark.parametrize(("now", "candidate"), [(0.7, 0.6), (0.3, 0.1), (0.29, 0.28), (1.0, 0.0)])
def test_pairs_at_a_threshold_in_decimals_are_in_its_slice(now: float, candidate: float) -> None:
    edges = [cents / 100 for cents in range(round(100 * candidate), round(100 * now))]
    evidence = pairs([(edge, 0, 0.5, 40) for edge in edges])
    found = replay(evidence, now, candidate)
    assert found.refused is None
    assert found.boundaries[0].effective_moved == pytest.approx(40 * len(edges))
    assert found.boundaries[0].kept.value == 1.0


def test_the_robust_estimate_shows_its_arithmetic() -> None:
    # Model: .1 at .8, .3 at .65. Traffic known: 100 at .8, 100 at .65.
    known = replace(LOGGED, traffic=[0.8, 0.65], traffic_counts=[100, 100])
    models = {"simple": lambda c: np.where(c > 0.7, 0.1, 0.3)}
    one = replay(known, 0.7, 0.6, models=models).boundaries[0]
    # mean of m .2, plus (60 (.05 - .1) + 160 (.2 - .3)) / 220 = -19 / 220
    assert one.misroute_robust.value == pytest.approx(0.2 - 19 / 220)
    assert "given model" in one.misroute_robust.method
    assert (one.kept.value, one.kept.low, one.kept.high) == (1.0, 1.0, 1.0)
    strict = replay(known, 0.7, 0.7, models=models).boundaries[0]
    assert strict.kept.value == 0.5
    assert strict.misroute_robust.value == pytest.approx(3 / 60)


def test_without_the_traffic_the_robust_estimate_is_unknown() -> None:
    robust = replay(LOGGED, 0.7, 0.6).boundaries[0].misroute_robust
    assert robust.value is None
    assert "not known" in robust.method


def _drawn(seed: int, n: int = 6_000) -> tuple[BoundaryOutcomes, float]:
    """Pairs taken under unequal pi from traffic whose risk falls with confidence."""
    rng = np.random.default_rng(seed)
    c = rng.beta(2.5, 1.5, n)
    pi = np.where(c > 0.7, 0.1, 0.05) * rng.uniform(1, 3, n)
    taken = rng.random(n) < pi
    losses = (rng.random(n) < 0.4 * (1 - c)).astype(float)
    k = int(taken.sum())
    evidence = BoundaryOutcomes(
        c[taken], losses[taken], pi[taken], np.full(k, 1.0), np.full(k, 3.0), traffic=c
    )
    # Beta(2.5, 1.5) above .5, by summing finely.
    grid = (np.arange(100_000) + 0.5) / 100_000
    density = grid**1.5 * (1 - grid) ** 0.5 * (grid >= 0.5)
    return evidence, float(density @ (0.4 * (1 - grid)) / density.sum())


def test_both_estimates_cover_in_eighty_runs() -> None:
    """A reduced twin of tests/simulation/test_counterfactual_bars.py."""
    covered = np.zeros(2)
    widths = np.zeros(2)
    for seed in range(80):
        evidence, true = _drawn(seed)
        one = replay(evidence, 0.7, 0.5).boundaries[0]
        for k, estimate in enumerate((one.misroute, one.misroute_robust)):
            covered[k] += estimate.low <= true <= estimate.high
            widths[k] += estimate.high - estimate.low
    # 95 % of 80 is 76; two standard errors of chance are 4.
    assert covered.min() >= 72
    assert widths[1] <= widths[0]


def test_the_folds_are_seeded() -> None:
    evidence, _ = _drawn(1)
    first, again, other = (replay(evidence, 0.7, 0.5, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.boundaries[0].misroute_robust != other.boundaries[0].misroute_robust


def test_two_boundaries_count_each_request_once() -> None:
    # standard: 80 of the 160 escalated requests, seen under pi 1/2 each, all kept by standard now.
    standard = replace(
        pairs([(0.9, 0, 0.5, 70), (0.9, 1, 0.5, 10)]),
        lower_cost_usd=np.full(80, 3.0),
        upper_cost_usd=np.full(80, 9.0),
    )
    found = replay_policy(
        {"simple": LOGGED, "standard": standard},
        {"simple": 0.7, "standard": 0.8},
        {"simple": 0.6},
    )
    simple, other = found.boundaries
    assert (simple.threshold, other.threshold) == (0.6, 0.8)
    assert (other.misroutes_change.value, other.cost_change.value) == (0.0, 0.0)
    # Requests: 60 kept by simple, 160 by standard. Misroutes: 32 more among 220.
    assert found.quality_change.value == pytest.approx(-32 / 220)
    # Cost now 60 x 1 + 160 x 3, once; change 160 x (1 - 3).
    assert found.cost_change.value == pytest.approx(-320 / 540)
    assert found.cost_change.low < -320 / 540 < found.cost_change.high < 0
    assert found.quality_change.low < -32 / 220 < found.quality_change.high < 0


def test_one_refused_boundary_refuses_the_whole() -> None:
    found = replay_policy(
        {"simple": LOGGED, "standard": LOGGED},
        {"simple": 0.7, "standard": 0.7},
        {"simple": 0.6, "standard": 0.3},
    )
    assert found.boundaries[0].misroute.value is not None
    assert found.boundaries[1].misroute.value is None
    assert found.quality_change.value is None
    assert found.refused is not None
    assert found.refused.startswith("standard: ")


def test_the_same_policy_changes_nothing() -> None:
    found = replay(LOGGED, 0.7, 0.7)
    one = found.boundaries[0]
    for estimate in (one.misroutes_change, one.cost_change, found.cost_change):
        assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)
    assert found.quality_change.value == 0.0
    assert one.misroute == one.misroute_now


def test_no_pairs_and_one_pair() -> None:
    none = replay(pairs([]), 0.7, 0.7)
    assert none.boundaries[0].misroute.value is None
    assert none.quality_change.value is None
    assert replay(pairs([]), 0.7, 0.6).refused is not None
    one = replay(pairs([(0.8, 1, 0.5, 1)], traffic=[0.8, 0.9]), 0.7, 0.7).boundaries[0]
    assert (one.misroute.value, one.misroute.low) == (1.0, pytest.approx(0.025))
    assert one.misroute_robust.value == 1.0
    nothing = replay_policy({}, {}, {})
    assert nothing.boundaries == ()
    assert nothing.quality_change.value is None


def test_ties_only_and_losses_only() -> None:
    ties = replay(pairs([(0.8, 0, 0.5, 100)], traffic=[0.8] * 200), 0.7, 0.7).boundaries[0]
    assert (ties.misroute.value, ties.misroute_robust.value) == (0.0, 0.0)
    assert ties.misroute_robust.high == pytest.approx(0.0362, abs=1e-4)
    bad = replay(pairs([(0.8, 1, 0.5, 100)], traffic=[0.8] * 200), 0.7, 0.7).boundaries[0]
    assert (bad.misroute.value, bad.misroute_robust.value) == (1.0, 1.0)
    assert bad.misroute.high == 1.0


def test_free_traffic_has_no_relative_cost() -> None:
    free = replace(LOGGED, lower_cost_usd=np.zeros(100), upper_cost_usd=np.zeros(100))
    found = replay(free, 0.7, 0.6)
    assert found.cost_change.value is None
    assert found.quality_change.value is not None


@given(
    rows=st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.01, 1)),
        max_size=60,
    ),
    now=st.integers(0, 100),
    candidate=st.integers(0, 100),
)
def test_values_lie_inside_their_intervals(
    rows: list[tuple[float, float, float]], now: int, candidate: int
) -> None:
    evidence = replace(pairs([(*row, 1) for row in rows]), traffic=np.linspace(0, 1, 50))
    found = replay(evidence, now / 100, candidate / 100, min_effective=1e-6)
    one = found.boundaries[0]
    for estimate in (
        one.kept,
        one.misroute,
        one.misroute_robust,
        one.misroute_now,
        one.misroutes_change,
        one.cost_change,
        found.quality_change,
        found.cost_change,
    ):
        assert estimate.low <= estimate.high
        if estimate.value is not None:
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"confidences": [math.nan] * 100}, "confidences"),
        ({"confidences": [0.5] * 99}, "for 99 pairs"),
        ({"losses": [0.0] * 99}, "99 losses for 100"),
        ({"losses": [1.5] * 100}, "losses"),
        ({"losses": ["bad"] * 100}, "not numbers"),
        ({"inclusion": [0.0] * 100}, "above 0"),
        ({"inclusion": [1.1] * 100}, "inclusion"),
        ({"inclusion": [math.nan] * 100}, "inclusion"),
        ({"lower_cost_usd": [-1.0] * 100}, "costs of the lower"),
        ({"upper_cost_usd": [math.inf] * 100}, "costs of the upper"),
        ({"traffic": [2.0]}, "traffic"),
        ({"traffic": [0.5], "traffic_counts": [1, 2]}, "counts of traffic"),
        ({"traffic": [0.5], "traffic_counts": [-1]}, "counts of traffic"),
        ({"traffic_counts": [1]}, "without its confidences"),
    ],
)
def test_bad_columns_are_refused(column: dict[str, Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        replay(replace(LOGGED, **column), 0.7, 0.6)


@pytest.mark.parametrize(
    ("now", "candidate", "more", "words"),
    [
        ({}, {}, {}, "no present threshold for tier 'simple'"),
        ({"simple": 0.7}, {"standard": 0.7}, {}, "evidence for simple"),
        ({"simple": 1.1}, {}, {}, "simple's threshold"),
        ({"simple": 0.7}, {"simple": math.nan}, {}, "simple's threshold"),
        ({"simple": 0.7}, {}, {"level": 1.0}, "level"),
        ({"simple": 0.7}, {}, {"min_effective": 0.0}, "min_effective"),
        ({"simple": 0.7}, {}, {"min_effective": math.nan}, "min_effective"),
    ],
)
def test_bad_policies_are_refused(
    now: dict[str, float], candidate: dict[str, float], more: dict[str, float], words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        replay_policy({"simple": LOGGED}, now, candidate, **more)


def test_a_model_that_predicts_no_rate_is_refused() -> None:
    known = replace(LOGGED, traffic=[0.8])
    for model in (lambda c: c + 1, lambda c: c[:0], lambda c: np.full(c.size, math.nan)):
        with pytest.raises(EvidenceError, match="predictions"):
            replay(known, 0.7, 0.6, models={"simple": model})


def test_a_boundary_nobody_has_come_to_does_not_hide_the_others() -> None:
    pairs = BoundaryOutcomes([0.9] * 60 + [0.65] * 40, [0] * 100, [1] * 100, [1] * 100, [3] * 100)
    nobody = BoundaryOutcomes([], [], [], [], [])
    found = replay_policy(
        {"simple": pairs, "standard": nobody}, {"simple": 0.7, "standard": 0.7}, {"simple": 0.6}
    )
    assert found.refused is None
    # 60 x 1 + 40 x 3 = 180 now, 100 then.
    assert found.cost_change.value == pytest.approx(100 / 180 - 1)
    assert found.quality_change.value == 0.0

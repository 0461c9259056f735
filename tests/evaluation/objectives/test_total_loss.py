import numpy as np
import pytest
from factories.boundaries import one_boundary, two_boundaries
from factories.routed import routed, true_loss
from scipy import stats

from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.objectives.total_loss import served_rates, total_loss


def test_nothing_kept_loses_nothing_for_sure() -> None:
    lost = total_loss(one_boundary(80, 20, 4), [1.0])
    assert lost.value == 0


def test_answers_that_are_better_below_count_against_those_that_are_worse() -> None:
    pairs = one_boundary(80, 20, 4)
    gains = np.asarray(pairs.gains).copy()
    gains[10:20] = -1
    better = RoutedPairs(
        pairs.confidences,
        pairs.served,
        pairs.boundaries,
        pairs.labels,
        gains,
        pairs.weights,
        pairs.policies,
        pairs.thresholds,
    )
    # 4 worse, 10 better, of 100.
    lost = total_loss(better, [0.5])
    assert lost.value == pytest.approx(-0.06)
    above = stats.gamma.ppf(0.975, 5, scale=0.01) - 0.04
    below = 0.1 - stats.gamma.ppf(0.025, 10, scale=0.01)
    assert lost.high == pytest.approx(-0.06 + np.hypot(above, below))


def test_what_skips_a_tier_downwards_without_a_pair_counts_as_lost() -> None:
    # At .1 simple would serve everything: 30 of standard's were compared down and are ties, the
    # 20 of complex were never compared with simple. At the upper boundary complex was: ties.
    lost = total_loss(two_boundaries(0), [0.1, 0.7])
    assert lost.value == pytest.approx(0.2)


def test_where_standard_serves_nothing_the_loss_is_unknown() -> None:
    pairs = RoutedPairs(
        [[0.9, 0.9]] * 60,
        [0] * 60,
        [0] * 60,
        [0] * 60,
        [0.0] * 60,
        [1.0] * 60,
        [0] * 60,
        [[0.7, 0.7]],
    )
    lost = total_loss(pairs, [0.7, 0.7])
    assert lost.value is None
    assert lost.high >= 1


def test_no_pairs_are_no_data() -> None:
    nothing = RoutedPairs(np.empty((0, 1)), [], [], [], [], [], [], [[0.5]])
    lost = total_loss(nothing, [0.5])
    assert (lost.value, lost.n) == (None, 0)
    assert served_rates(nothing, [0.5])[0].value is None
    choice = choose_jointly(
        nothing, current=[0.5], steps_usd=[1.0], quality=0.95, delta=0.05, step=0.1
    )
    assert (choice.lowerings, choice.exceeded) == ((), False)


def test_over_several_policies_the_estimate_is_close_to_the_truth() -> None:
    policies = [(1.0, 1.0), (0.85, 0.85), (0.7, 0.7)]
    rng = np.random.default_rng(4)
    found = [
        total_loss(routed(rng, 4_000, *policies, sampled=True), policies[-1]).value
        for _ in range(20)
    ]
    # Measured .0150 +- .0005 where .0148 is true.
    assert np.mean(found) == pytest.approx(true_loss(policies[-1]), abs=0.002)


def test_the_rate_of_a_tier_is_that_of_what_it_serves() -> None:
    pairs = two_boundaries(2, 5)
    simple, standard = served_rates(pairs, [0.7, 0.7])
    assert simple.value == pytest.approx(5 / 50)
    assert standard.value == pytest.approx(2 / 20)
    # With simple at .95 its 50 requests are standard's, of which no pair says anything.
    moved = served_rates(pairs, [0.95, 0.7])
    assert (moved[0].value, moved[1].value) == (None, None)


def test_the_rate_of_a_tier_is_that_of_all_its_pairs_whoever_else_they_were_compared_with() -> None:
    some, none = (
        routed(np.random.default_rng(3), 2_000, (0.7, 0.7), direct=share) for share in (0.2, 0.0)
    )
    assert served_rates(some, (0.7, 0.7)) == served_rates(none, (0.7, 0.7))
    assert served_rates(some, (0.7, 0.7))[0].n > 200


def test_the_rate_of_a_tier_that_would_mostly_serve_what_nobody_compared_is_unknown() -> None:
    """Of what standard serves at its own label nothing is known below."""
    n = 300
    pairs = RoutedPairs(
        [[0.9, 0.9]] * 20 + [[0.6, 0.9]] * (n - 20),
        [0] * 20 + [1] * (n - 20),
        [0] * 20 + [1] * (n - 20),
        [0] * 20 + [1] * (n - 20),
        [0] * n,
        [1] * n,
        [0] * n,
        [(0.7, 0.7)],
    )
    assert served_rates(pairs, (0.7, 0.7))[0].n == 20
    assert served_rates(pairs, (0.5, 0.7))[0].value is None

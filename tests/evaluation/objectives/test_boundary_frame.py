import math

import numpy as np
import pytest
from factories.boundaries import one_boundary, two_boundaries
from factories.routed import routed
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.boundary_frame import Frame, with_threshold
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.objectives.total_loss import total_loss


def test_what_simple_serves_counts_at_the_upper_boundary_at_the_rate_of_standard() -> None:
    # 2 of 20 upward pairs of standard: .1 of its 30 requests, and of the 50 that simple serves;
    # the lower boundary loses 1 of 100.
    lost = total_loss(two_boundaries(2, 1), [0.7, 0.7])
    assert lost.value == pytest.approx(0.1 * 0.8 + 0.01)


def test_of_what_standard_serves_at_its_own_label_nothing_is_known_below() -> None:
    pairs = two_boundaries(0)
    labels = np.asarray(pairs.labels).copy()
    labels[50:70] = 1  # compared upwards only
    boundaries = np.asarray(pairs.boundaries)
    own = RoutedPairs(
        np.delete(np.asarray(pairs.confidences), np.s_[70:80], axis=0),
        *(
            np.delete(np.asarray(column), np.s_[70:80])
            for column in (pairs.served, boundaries, labels, pairs.gains)
        ),
        np.delete(np.where(np.arange(100) < 70, 1.0, pairs.weights), np.s_[70:80]),
        np.zeros(90, int),
        pairs.thresholds,
    )
    # 50 + 20 + 20 requests; at .4 simple would take 20 that it never was compared for.
    assert total_loss(own, [0.4, 0.7]).value == pytest.approx(20 / 90)


def test_pairs_of_a_policy_stand_for_what_an_earlier_one_did_not_show() -> None:
    # 100 requests when all went to the top tier by way of .99, of which the lower boundary saw
    # none; 100 at .7, half kept at .9. One of ten kept is worse: .1 * half of all requests.
    kept = [1.0] * 5 + [0.0] * 45
    c = [[0.9, 0.95]] * 50 + [[0.5, 0.6]] * 50
    n = 200
    pairs = RoutedPairs(
        c + c,
        [2] * 100 + [0] * 50 + [2] * 50,
        [1] * 100 + [0] * 50 + [1] * 50,
        [0] * n,
        [0.0] * 100 + kept + [0.0] * 50,
        [1.0] * n,
        [0] * 100 + [1] * 100,
        [[0.99, 0.99], [0.7, 0.7]],
    )
    assert total_loss(pairs, [0.7, 0.7]).value == pytest.approx(0.05)


def test_a_policy_that_showed_little_changes_nothing() -> None:
    """One pair of a policy that serves all at the top would show every request there."""
    pairs = routed(np.random.default_rng(4), 2_000, (0.7, 0.7), direct=0.0)
    few = routed(np.random.default_rng(5), 3, (1.0, 1.0), direct=0.0)
    columns = ("confidences", "served", "boundaries", "labels", "gains", "weights")
    both = RoutedPairs(
        *(np.concatenate([getattr(pairs, name), getattr(few, name)]) for name in columns),
        [0] * len(np.asarray(pairs.gains)) + [1] * len(np.asarray(few.gains)),
        [(0.7, 0.7), (1.0, 1.0)],
    )
    assert total_loss(both, (0.7, 0.7)) == total_loss(pairs, (0.7, 0.7))


grid = st.integers(0, 100).map(lambda value: value / 100)


@settings(max_examples=20)
@given(st.integers(0, 50), st.integers(200, 800))
def test_each_boundary_sees_all_requests_once(seed: int, n: int) -> None:
    frame = Frame(routed(np.random.default_rng(seed), n, (0.7, 0.7), (0.6, 0.8)))
    assert frame.share.sum(axis=0) == pytest.approx(np.ones(2))
    # A row comes to a boundary in one way, or in none.
    ways = frame.judged.astype(int) + frame.assumed + frame.unseen
    assert ways.max() <= 1
    assert (frame.share[ways == 0] == 0).all()


@given(grid, grid, grid)
def test_what_is_kept_grows_as_thresholds_fall(one: float, other: float, upper: float) -> None:
    frame = Frame(two_boundaries(2, 3))
    low, high = sorted((one, other))
    loose, strict = frame.kept((low, upper)), frame.kept((high, upper))
    assert all(more >= less - 1e-12 for more, less in zip(loose, strict, strict=True))
    # Who is served at a tier or below it is served at the next or below it.
    assert loose[0] <= loose[1] + 1e-12


def test_thresholds_of_one_keep_nothing_and_of_nothing_everything() -> None:
    frame = Frame(two_boundaries(2))
    assert frame.kept((1.0, 1.0)) == (0.0, 0.0)
    assert frame.kept((0.0, 0.0)) == pytest.approx((1.0, 1.0))


def test_the_pairs_that_a_lower_threshold_moves_down_are_counted() -> None:
    frame = Frame(one_boundary(80, 20, 4))
    assert frame.moved((0.5,), 0, 0.4) == 20
    assert frame.moved((0.5,), 0, 0.41) == 0
    assert frame.moved((0.4,), 0, 0.4) == 0
    assert frame.moved((0.4,), 0, 0.5) == 0


def test_the_mean_gain_of_a_tier_is_never_below_nothing() -> None:
    better = Frame(one_boundary(80, 20, 0))
    assert better.assumed_gains(None) == [0.0]
    # 2 of the 20 that standard compared upwards were worse.
    assert Frame(two_boundaries(2, 5)).assumed_gains(None) == pytest.approx([5 / 50, 2 / 20])


def test_where_a_tier_served_nothing_its_gain_is_unknown_and_at_most_everything() -> None:
    pairs = routed(np.random.default_rng(1), 400, (1.0, 1.0))
    frame = Frame(pairs)
    assert all(math.isnan(gain) for gain in frame.assumed_gains(None))
    assert frame.assumed_gains(0.05) == [1.0, 1.0]


def test_the_bounds_lie_on_both_sides_of_the_estimate() -> None:
    frame = Frame(two_boundaries(2, 5))
    found = frame.estimate((0.7, 0.7), 0.025)
    assert found.value is not None
    share = 0.025 / 2
    assert frame.lower((0.7, 0.7), share) <= found.low <= found.value
    assert found.value <= found.high <= frame.upper((0.7, 0.7), share)


@given(st.floats(0.001, 0.2), st.floats(0.001, 0.2))
def test_more_certainty_is_a_higher_upper_bound(one: float, other: float) -> None:
    frame = Frame(two_boundaries(2, 5))
    sure, unsure = sorted((one, other))
    assert frame.upper((0.7, 0.7), sure) >= frame.upper((0.7, 0.7), unsure)
    assert frame.lower((0.7, 0.7), sure) <= frame.lower((0.7, 0.7), unsure)


def test_a_boundary_of_few_judged_pairs_gives_the_target_no_rows() -> None:
    assert np.size(Frame(one_boundary(100, 20, 4)).column(0, [0.0]).gains) == 0
    rows = Frame(one_boundary(300, 20, 4)).column(0, [0.0])
    assert np.size(rows.gains) == 320
    assert np.sum(rows.weights) == pytest.approx(1.0)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_threshold_is_put_in_place_of_another(place: int) -> None:
    found = with_threshold((0.5, 0.6, 0.7), place, 0.9)
    assert found[place] == 0.9
    assert found[:place] + found[place + 1 :] == tuple(
        value for other, value in enumerate((0.5, 0.6, 0.7)) if other != place
    )


@pytest.mark.parametrize("cap", [0.0, -1.0, math.nan, math.inf, 0.5])
def test_a_cap_that_is_none_or_below_a_weight_is_refused(cap: float) -> None:
    with pytest.raises(EvidenceError, match="accepted: a finite cap"):
        Frame(two_boundaries(2, 1), cap)


def test_the_largest_contribution_is_that_of_the_heaviest_possible_pair() -> None:
    pairs = two_boundaries(2, 1)
    seen = Frame(pairs)
    declared = Frame(pairs, 10 * seen.cap)
    each = seen.share.sum(axis=1) / seen.weights
    assert declared.largest([0.7, 0.7]) == pytest.approx(10 * seen.cap * each.max())
    assert declared.upper([0.7, 0.7], 0.05) > seen.upper([0.7, 0.7], 0.05)
    # The estimate is what it was, and so is what is shown to be lost.
    now, then = (frame.estimate([0.7, 0.7], 0.05) for frame in (seen, declared))
    assert then.value == now.value
    assert then.high > now.high


def test_the_heaviest_drawn_pair_stands_where_none_is_declared() -> None:
    pairs = routed(np.random.default_rng(2), 500, (0.7, 0.7), direct=0.0)
    frame = Frame(pairs)
    assert frame.cap == np.asarray(pairs.weights).max()
    assert frame.largest([0.7, 0.7]) >= frame.share.sum(axis=1).max() - 1e-12


def test_direct_comparisons_stand_for_all_that_simple_serves() -> None:
    pairs = routed(np.random.default_rng(3), 2_000, (0.7, 0.7), direct=0.2)
    frame = Frame(pairs)
    served = np.asarray(pairs.served)
    assert frame.guesses == ()
    assert 0 < frame.compared.sum() < (served == 0).sum()
    # The shares of tiers are what they are without them; only those compared carry simple's.
    plain = Frame(routed(np.random.default_rng(3), 2_000, (0.7, 0.7), direct=0.0))
    assert plain.guesses == (0,)
    for tier in range(3):
        here = served == tier
        assert frame.share[here].sum(axis=0) == pytest.approx(plain.share[here].sum(axis=0))
    assert (frame.share[(served == 0) & ~frame.compared] == 0).all()


def test_what_stays_loses_the_direct_gain_and_what_moves_up_the_rest_of_it() -> None:
    # 40 served by simple at .9, all compared with complex: 4 are worse there, 1 of them against
    # standard as well.
    n = 40
    direct = np.zeros(n)
    direct[:4] = 1
    gains = np.zeros(n)
    gains[0] = 1
    zeros = [0] * n
    pairs = RoutedPairs(
        [[0.9, 0.95]] * n, zeros, zeros, zeros, gains, [1.0] * n, zeros, [[0.7, 0.7]], direct
    )
    assert total_loss(pairs, [0.7, 0.7]).value == pytest.approx(4 / n)
    assert total_loss(pairs, [0.91, 0.7]).value == pytest.approx(3 / n)
    assert total_loss(pairs, [0.91, 0.96]).value == 0.0


def test_too_few_direct_comparisons_change_nothing_but_are_guessed() -> None:
    few = routed(np.random.default_rng(3), 200, (0.7, 0.7), direct=0.1)
    assert 0 < (~np.isnan(np.asarray(few.direct))).sum() < 30
    frame = Frame(few)
    assert (frame.guesses, frame.compared.any()) == ((0,), np.False_)
    # A certificate takes what is guessed for lost, an estimate assumes and says so.
    assert frame.upper((0.7, 0.7), 0.05) > frame.upper((0.7, 0.7), 0.05, assume=True)
    assert "assumes that what a cheaper tier serves" in frame.estimate((0.7, 0.7), 0.025).method

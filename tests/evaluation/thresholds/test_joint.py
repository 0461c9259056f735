"""All tiers against one objective: every request counts at every boundary, seen there or not."""

from typing import Any

import numpy as np
import pytest
from factories.routed import STEPS_USD, routed, true_loss
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.moves import next_move
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.objectives.total_loss import served_rates, total_loss


def one_boundary(kept: int, up: int, worse: int, *, threshold: float = 0.5) -> RoutedPairs:
    """So many kept at .9 and so many up at .4, all judged; of the kept so many are worse."""
    n = kept + up
    return RoutedPairs(
        [[0.9]] * kept + [[0.4]] * up,
        [0] * kept + [1] * up,
        [0] * n,
        [0] * n,
        [1.0] * worse + [0.0] * (n - worse),
        [1.0] * n,
        [0] * n,
        [[threshold]],
    )


def test_the_bound_of_equal_pairs_is_that_of_a_poisson_count() -> None:
    # y = 4 / 100, v = 4 / 100^2, m = 1 / 100: shape (5/100)^2 / (5/100^2) = 5, scale 1 / 100.
    lost = total_loss(one_boundary(80, 20, 4), [0.5])
    assert lost.value == pytest.approx(0.04)
    assert lost.high == pytest.approx(stats.gamma.ppf(0.975, 5, scale=0.01))
    # Below, what was never seen may still be there: 0 better ones of 100 may be -log(.025) / 100.
    below = 0.04 - stats.gamma.ppf(0.025, 4, scale=0.01)
    assert lost.low == pytest.approx(0.04 - np.hypot(below, -np.log(0.025) / 100))


def test_without_a_loss_the_bound_is_not_zero() -> None:
    # -log(.025) / 100, the exact bound of a Poisson count of 0.
    lost = total_loss(one_boundary(80, 20, 0), [0.5])
    assert lost.value == 0
    assert lost.high == pytest.approx(-np.log(0.025) / 100) == -lost.low


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


def two_boundaries(worse_up: int, worse_simple: int = 0) -> RoutedPairs:
    """50 served by simple, 30 by standard (label simple: 10 of these compared down), 20 by complex.

    Of the 20 that standard compared upwards so many were worse; the others stand for 1.5 each.
    """
    n = 100
    served = [0] * 50 + [1] * 30 + [2] * 20
    down = [False] * 70 + [True] * 30
    weights = [1.0] * 50 + [1.5] * 20 + [3.0] * 10 + [1.0] * 20
    gains = np.zeros(n)
    gains[:worse_simple] = 1
    gains[50 : 50 + worse_up] = 1
    c = [[0.9, 0.95]] * 50 + [[0.5, 0.8]] * 30 + [[0.1, 0.3]] * 20
    boundaries = [tier - is_down for tier, is_down in zip(served, down, strict=True)]
    return RoutedPairs(c, served, boundaries, [0] * n, gains, weights, [0] * n, [[0.7, 0.7]])


def test_what_simple_serves_counts_at_the_upper_boundary_at_the_rate_of_standard() -> None:
    # 2 of 20 upward pairs of standard: .1 of its 30 requests, and of the 50 that simple serves;
    # the lower boundary loses 1 of 100.
    lost = total_loss(two_boundaries(2, 1), [0.7, 0.7])
    assert lost.value == pytest.approx(0.1 * 0.8 + 0.01)


def test_what_skips_a_tier_downwards_without_a_pair_counts_as_lost() -> None:
    # At .1 simple would serve everything: 30 of standard's were compared down and are ties, the
    # 20 of complex were never compared with simple. At the upper boundary complex was: ties.
    lost = total_loss(two_boundaries(0), [0.1, 0.7])
    assert lost.value == pytest.approx(0.2)


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
    pairs = routed(np.random.default_rng(4), 2_000, (0.7, 0.7))
    few = routed(np.random.default_rng(5), 3, (1.0, 1.0))
    columns = ("confidences", "served", "boundaries", "labels", "gains", "weights")
    both = RoutedPairs(
        *(np.concatenate([getattr(pairs, name), getattr(few, name)]) for name in columns),
        [0] * len(np.asarray(pairs.gains)) + [1] * len(np.asarray(few.gains)),
        [(0.7, 0.7), (1.0, 1.0)],
    )
    assert total_loss(both, (0.7, 0.7)) == total_loss(pairs, (0.7, 0.7))


def test_over_several_policies_the_estimate_is_close_to_the_truth() -> None:
    policies = [(1.0, 1.0), (0.85, 0.85), (0.7, 0.7)]
    rng = np.random.default_rng(4)
    found = [
        total_loss(routed(rng, 4_000, *policies, sampled=True), policies[-1]).value
        for _ in range(20)
    ]
    # Measured .0150 +- .0005 where .0148 is true.
    assert np.mean(found) == pytest.approx(true_loss(policies[-1]), abs=0.002)


def ask(pairs: RoutedPairs, current: tuple[float, ...], **changes: Any) -> Any:
    asked = {"quality": 0.95, "delta": 0.05, "step": 0.1, "steps_usd": STEPS_USD}
    return choose_jointly(pairs, current=current, **(asked | changes))


def test_the_dearer_step_is_lowered_and_certified() -> None:
    rng = np.random.default_rng(1)
    choice = ask(routed(rng, 4_000, (0.7, 0.7)), (0.7, 0.7))
    move = choice.lowerings[0]
    assert (move.place, move.threshold, move.certified) == (1, 0.6, True)
    assert move.bound <= choice.allowed == 0.05
    assert true_loss((0.7, 0.6)) <= 0.05
    assert choice.now.value < move.loss.value <= move.bound
    # What is kept more at the upper boundary saves .007 each.
    more = [then - now for then, now in zip(move.kept, choice.kept, strict=True)]
    assert move.saved_usd == pytest.approx(more[0] * STEPS_USD[0] + more[1] * STEPS_USD[1])
    assert list(move.bounds)[:2] == [0.8, 0.79]
    assert list(move.bounds)[-1] == 0.6
    # Two tiers and one mean of the tier between: 2 * 2 - 1 = 3 parts.
    assert choice.share == pytest.approx(0.05 / 3)


def test_what_loses_too_much_is_not_lowered_but_raised() -> None:
    rng = np.random.default_rng(1)
    choice = ask(routed(rng, 6_000, (0.3, 0.3)), (0.3, 0.3))
    assert choice.exceeded
    assert choice.lowerings == ()
    assert choice.raises
    assert all(move.saved_usd < 0 for move in choice.raises)
    assert all(move.loss.value < choice.now.value for move in choice.raises)


def test_an_alert_asks_for_a_raise_of_its_tier_and_for_nothing_else() -> None:
    rng = np.random.default_rng(1)
    choice = ask(routed(rng, 4_000, (0.7, 0.7)), (0.7, 0.7))
    assert next_move(choice) == choice.lowerings[0]
    # The target would have simple stricter: no need without an alert, and none for standard.
    assert [move.place for move in choice.raises] == [0]
    assert next_move(choice, alerted=[0]) == choice.raises[0]
    assert next_move(choice, alerted=[1]) is None


def test_a_raise_needs_harm() -> None:
    rng = np.random.default_rng(1)
    shown = ask(routed(rng, 6_000, (0.3, 0.3)), (0.3, 0.3))
    assert next_move(shown) == shown.raises[0]
    # 300 pairs at .5 and .5 cannot certify 5 %, nor show more.
    few = ask(routed(rng, 300, (0.5, 0.5)), (0.5, 0.5))
    assert few.bound > 0.05
    assert few.raises
    assert not few.raises[0].certified
    assert not few.exceeded
    assert next_move(few) is None


def test_nothing_is_certified_to_move_down_unseen() -> None:
    # Only what is kept was judged: whoever looks at that alone finds any threshold safe.
    pairs = one_boundary(400, 0, 0, threshold=0.5)
    choice = ask(pairs, (0.5,), steps_usd=[0.01])
    assert choice.lowerings == ()
    seen = one_boundary(400, 40, 0, threshold=0.5)
    lowered = ask(seen, (0.5,), steps_usd=[0.01]).lowerings
    assert [move.threshold for move in lowered] == [0.4]


def test_a_lowering_that_saves_nothing_is_none() -> None:
    rng = np.random.default_rng(1)
    pairs = routed(rng, 4_000, (0.7, 0.7))
    assert all(
        move.place == 1 for move in ask(pairs, (0.7, 0.7), steps_usd=(1e-9, 0.007)).lowerings
    )


def test_the_rate_of_a_tier_is_that_of_what_it_serves() -> None:
    pairs = two_boundaries(2, 5)
    simple, standard = served_rates(pairs, [0.7, 0.7])
    assert simple.value == pytest.approx(5 / 50)
    assert standard.value == pytest.approx(2 / 20)
    # With simple at .95 its 50 requests are standard's, of which no pair says anything.
    moved = served_rates(pairs, [0.95, 0.7])
    assert (moved[0].value, moved[1].value) == (None, None)


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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quality": 1.0}, "quality 1.0"),
        ({"delta": 0.0}, "delta 0.0"),
        ({"step": 0.0}, "step 0.0"),
        ({"current": (0.5,)}, "one for each of 2"),
        ({"steps_usd": (1.0,)}, "one step"),
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        ask(two_boundaries(0), changes.pop("current", (0.7, 0.7)), **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"confidences": [[1.5]]}, "in \\[0, 1\\]"),
        ({"confidences": [[0.5, 0.5]]}, "as many as a policy"),
        ({"served": [2]}, "served"),
        ({"served": [0, 0]}, "served"),
        ({"boundaries": [1]}, "boundaries"),
        ({"policies": [1]}, "policies"),
        ({"gains": [2.0]}, "gains"),
        ({"weights": [0.0]}, "weights"),
        ({"thresholds": [0.5]}, "thresholds"),
    ],
)
def test_pairs_that_cannot_be_are_refused(changes: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "confidences": [[0.9]],
        "served": [0],
        "boundaries": [0],
        "labels": [0],
        "gains": [0.0],
        "weights": [1.0],
        "policies": [0],
        "thresholds": [[0.5]],
    }
    with pytest.raises(EvidenceError, match=said):
        RoutedPairs(**(given | changes))


def test_a_pair_two_tiers_from_its_boundary_is_refused() -> None:
    with pytest.raises(EvidenceError, match="one tier above"):
        RoutedPairs([[0.1, 0.1]], [2], [0], [0], [0.0], [1.0], [0], [[0.5, 0.5]])

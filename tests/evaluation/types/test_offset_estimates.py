"""Offsets of task types: shrunk to what the types show, used only where they help later pairs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.types.offset_estimates import estimate_offsets
from tierwatch.evaluation.types.prequential import offsets_in_order
from tierwatch.evaluation.types.scored_pairs import ScoredPairs
from tierwatch.routing.classify.type_offsets import LARGEST_OFFSET


def scored(
    log_odds: Floats,
    task_types: Sequence[str],
    verdicts: Sequence[str],
    *,
    sessions: Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
) -> ScoredPairs:
    n = len(verdicts)
    names = sessions or [f"s{number}" for number in range(n)]
    return ScoredPairs(log_odds, task_types, HeldOut(verdicts, weights or [1.0] * n, names))


def flat(rates: dict[str, tuple[int, int]], said: float = 0.3, **options: object) -> ScoredPairs:
    """Of each type so many worse of so many, all said to be worse with one chance."""
    types, verdicts = [], []
    for name, (worse, of) in rates.items():
        types += [name] * of
        verdicts += ["worse"] * worse + ["tie"] * (of - worse)
    odds = np.full((len(types), 2), [float(logit(said)), -9.0])
    return scored(odds, types, verdicts, **options)  # type: ignore[arg-type]  # of this module


def drawn(n: int, seed: int, effects: Sequence[float]) -> ScoredPairs:
    """Pairs whose first head misses its type's effect, in random order."""
    rng = np.random.default_rng(seed)
    types = rng.integers(len(effects), size=n)
    said = np.stack([rng.normal(-1, 0.7, n), np.full(n, -4.0)], axis=1)
    worse = rng.random(n) < expit(said[:, 0] + np.array(effects)[types])
    verdicts = ["worse" if one else "tie" for one in worse]
    return scored(said, [f"t{number}" for number in types], verdicts)


def test_no_pairs_and_one_pair_give_no_offsets() -> None:
    nothing = scored(np.zeros((0, 2)), [], [])
    assert estimate_offsets(nothing) == {}
    found = offsets_in_order(nothing)
    assert (found.pairs, found.log_loss, found.helps) == (0, None, False)
    # One pair: its d^2 / v is at most 1, the number of types, so nothing is left to shrink towards.
    one = scored(np.array([[0.0, -2.0]]), ["sql"], ["worse"])
    assert estimate_offsets(one) == {}
    assert not offsets_in_order(one).helps


def test_the_offset_is_where_what_pairs_say_meets_the_prior() -> None:
    """sql 50 of 100, poem 10 of 100, all said .3: g = 20 and -20, I = 100 x .21 = 21 each.

    V is 21, or what the pairs show: sql 50 x .49 + 50 x .09 = 29, poem 10 x .49 + 90 x .09 = 13.
    tau^2 = (400 / 29 + 400 / 21 - 2) / (441 / 29 + 441 / 21) = .8518.
    At the offset d, 100 (rate - expit(logit(.3) + d)) = V / I / tau^2 d: 1.621 d and 1.174 d.
    """
    found = estimate_offsets(flat({"sql": (50, 100), "poem": (10, 100)}))
    for name, rate, pull in (("sql", 0.5, 29 / 21 / 0.85177), ("poem", 0.1, 1 / 0.85177)):
        d, lower = found[name]
        assert 100 * (rate - expit(logit(0.3) + d)) == pytest.approx(pull * d, rel=1e-4)
        assert 0 < d / (logit(rate) - logit(0.3)) < 1
        assert lower == 0.0  # the other head was never wrong


def test_the_lower_head_has_offsets_of_its_own() -> None:
    odds = np.full((400, 2), [-9.0, -1.0])
    verdicts = ["better"] * 120 + ["tie"] * 280
    higher, lower = estimate_offsets(scored(odds, ["a"] * 200 + ["b"] * 200, verdicts))["a"]
    assert higher == 0.0
    assert lower > 0.8


def test_types_as_alike_as_chance_has_it_get_none() -> None:
    assert estimate_offsets(flat({"a": (30, 100), "b": (31, 100), "c": (29, 100)})) == {}


def test_a_small_type_gets_nearly_nothing_of_what_a_large_one_gets() -> None:
    found = estimate_offsets(flat({"large": (300, 600), "other": (60, 600), "small": (3, 6)}))
    assert found["large"][0] > 0.7
    assert 0 < found["small"][0] < 0.65 * found["large"][0]


def test_a_type_nobody_ever_lost_at_stays_within_bounds() -> None:
    found = estimate_offsets(flat({"never": (0, 3000), "always": (3000, 3000)}))
    assert -LARGEST_OFFSET <= found["never"][0] < -1
    assert 1 < found["always"][0] <= LARGEST_OFFSET


def test_a_head_that_is_sure_beyond_rounding_is_read_all_the_same() -> None:
    """Of `sure` one in three is wrong, of `right` none; neither has any information left."""
    pairs = flat({"sure": (100, 150), "right": (150, 150), "plain": (50, 100), "other": (10, 100)})
    odds = pairs.log_odds.copy()
    odds[:300, 0] = 800.0
    found = estimate_offsets(replace(pairs, log_odds=odds))
    assert found["right"][0] == pytest.approx(0.0, abs=1e-6)
    assert all(np.isfinite(offsets).all() for offsets in found.values())
    assert found["plain"][0] > 0 > found["other"][0]
    assert np.isfinite(offsets_in_order(replace(pairs, log_odds=odds)).evidence)


def test_one_long_conversation_is_not_many() -> None:
    """All pairs of a type from one conversation: V is g^2, so d^2 / v = 1."""
    rates = {"talk": (90, 100), "other": (30, 100), "third": (30, 100)}
    many = estimate_offsets(flat(rates))["talk"][0]
    sessions = ["one"] * 100 + [f"s{n}" for n in range(200)]
    assert many > 1.5
    assert estimate_offsets(flat(rates, sessions=sessions)) == {}


def test_weights_count_by_their_ratio_only() -> None:
    pairs = drawn(900, 1, (0.9, -0.9, 0.0))
    told = replace(pairs.held_out, weights=[7.0] * 900)
    heavy = estimate_offsets(replace(pairs, held_out=told))
    plain = estimate_offsets(pairs)
    for name in plain:
        assert heavy[name] == pytest.approx(plain[name])
    # A pair of weight 3 pulls as three pairs do, less what makes it the less certain.
    uneven = replace(pairs.held_out, weights=[3.0 if v == "worse" else 1.0 for v in told.verdicts])
    assert estimate_offsets(replace(pairs, held_out=uneven))["t0"][0] > plain["t0"][0]


@pytest.mark.slow
def test_shrunk_offsets_are_nearer_the_truth_than_none_and_than_unshrunk_ones() -> None:
    """Mean squared error over 60 draws of 12 types with effects of standard deviation .25."""
    error = {"none": 0.0, "shrunk": 0.0, "unshrunk": 0.0}
    for seed in range(60):
        truth = np.random.default_rng(1_000 + seed).normal(0, 0.25, 12)
        pairs = drawn(1_000, seed, truth.tolist())
        offsets = estimate_offsets(pairs)
        chance = expit(pairs.log_odds[:, 0])
        hit = np.array([verdict == "worse" for verdict in pairs.held_out.verdicts])
        for number, effect in enumerate(truth):
            of = np.array(pairs.task_types) == f"t{number}"
            step = (hit - chance)[of].sum() / (chance * (1 - chance))[of].sum()
            error["none"] += effect**2
            error["shrunk"] += (offsets.get(f"t{number}", (0.0, 0.0))[0] - effect) ** 2
            error["unshrunk"] += (step - effect) ** 2
    assert error["shrunk"] < 0.8 * min(error["none"], error["unshrunk"])

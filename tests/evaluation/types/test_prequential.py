from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from tierwatch.evaluation.models.chances import log_losses
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.types.offset_estimates import estimate_offsets
from tierwatch.evaluation.types.prequential import InOrder, offsets_in_order
from tierwatch.evaluation.types.scored_pairs import ScoredPairs


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


def drawn(n: int, seed: int, effects: Sequence[float]) -> ScoredPairs:
    """Pairs whose first head misses its type's effect, in random order."""
    rng = np.random.default_rng(seed)
    types = rng.integers(len(effects), size=n)
    said = np.stack([rng.normal(-1, 0.7, n), np.full(n, -4.0)], axis=1)
    worse = rng.random(n) < expit(said[:, 0] + np.array(effects)[types])
    verdicts = ["worse" if one else "tie" for one in worse]
    return scored(said, [f"t{number}" for number in types], verdicts)


def test_offsets_that_help_later_pairs_are_found_to_help() -> None:
    found = offsets_in_order(drawn(1_500, 3, (1.0, -1.0, 0.5)))
    assert found.helps
    assert found.pairs == 1_250  # ten parts of twelve
    assert found.log_loss is not None
    before, after = found.log_loss
    assert found.evidence == pytest.approx(1_250 * (before - after))
    assert 0 < found.lately < found.evidence


@pytest.mark.parametrize(
    ("evidence", "lately", "helps"),
    [(0.1, 0.1, True), (0.0, 0.0, False), (30.0, -2.99, True), (30.0, -3.0, False)],
)
def test_a_gain_counts_unless_the_last_parts_speak_against_it_by_log_20(
    evidence: float, lately: float, *, helps: bool
) -> None:
    assert InOrder(900, (0.7, 0.6), evidence, lately).helps is helps


def test_offsets_are_only_ever_scored_on_what_comes_after_them() -> None:
    """Where the effects turn round half way, those of the first half cost what they gained."""
    first, second = drawn(600, 4, (1.2, -1.2)), drawn(600, 5, (-1.2, 1.2))
    both = ScoredPairs(
        np.concatenate([first.log_odds, second.log_odds]),
        [*first.task_types, *second.task_types],
        HeldOut(
            [*first.held_out.verdicts, *second.held_out.verdicts],
            [1.0] * 1_200,
            list(map(str, range(1_200))),
        ),
    )
    assert offsets_in_order(first).evidence > 30
    assert offsets_in_order(both).evidence < -15


def test_a_gain_that_has_ended_is_no_help() -> None:
    """The head has overtaken what the types knew after two thirds of the pairs."""
    pairs, learned = drawn(1_200, 7, (1.2, -1.2)), drawn(600, 8, (-0.2, 0.2))
    told = [*pairs.held_out.verdicts, *learned.held_out.verdicts]
    both = ScoredPairs(
        np.concatenate([pairs.log_odds, learned.log_odds]),
        [*pairs.task_types, *learned.task_types],
        HeldOut(told, [1.0] * 1_800, list(map(str, range(1_800)))),
    )
    found = offsets_in_order(both)
    assert found.evidence > 0 > found.lately
    assert not found.helps
    assert offsets_in_order(pairs).helps


def test_a_conversation_counts_once_where_it_began() -> None:
    pairs = drawn(1_200, 6, (1.0, -1.0))
    told = replace(pairs.held_out, sessions=[f"s{n % 300}" for n in range(1_200)])
    # 300 conversations begin in the first three parts of 100; only those of the third count.
    assert offsets_in_order(replace(pairs, held_out=told)).pairs == 100
    # Each pair followed by four copies of itself: of 1,000 that are measured 200 count.
    five = pairs.at([at for at in range(240) for _ in range(5)])
    talks = replace(five.held_out, sessions=[f"s{n // 5}" for n in range(1_200)])
    assert offsets_in_order(replace(five, held_out=talks)).pairs == 200


@pytest.mark.slow
def test_where_types_tell_nothing_offsets_cost_next_to_nothing() -> None:
    """100 draws of 12 types without effect: what later pairs lose, where offsets seemed to help."""
    lost = []
    for seed in range(100):
        pairs = drawn(1_000, seed, (0.0,) * 12)
        if offsets_in_order(pairs).helps:
            later = drawn(1_000, 10_000 + seed, (0.0,) * 12)
            odds = later.chances({}), later.chances(estimate_offsets(pairs))
            plain, typed = (log_losses(one, later.held_out.verdicts).mean() for one in odds)
            lost.append(typed - plain)
    # An offset of d where there is none costs d^2 p (1 - p) / 2, some d^2 / 10: that of d = .1.
    assert np.sum(lost) / 100 < 0.1**2 / 10

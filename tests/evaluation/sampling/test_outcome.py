"""A verdict becomes a loss about the lower tier of the pair."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.sampling.outcome import (
    MOST_TOGETHER,
    Outcome,
    Preferred,
    lower_verdict,
    observed_together,
    outcome_of,
    pieces,
)


@pytest.mark.parametrize(
    ("preferred", "direction", "expected"),
    [
        # Up: the lower tier served. It lost where the alternative was better.
        ("alternative", "up", Outcome("standard", 1.0)),
        ("served", "up", Outcome("standard", 0.0)),
        ("tie", "up", Outcome("standard", 0.0)),
        # Down: the alternative is the lower tier. It lost where what was served was better.
        ("served", "down", Outcome("simple", 1.0)),
        ("alternative", "down", Outcome("simple", 0.0)),
        ("tie", "down", Outcome("simple", 0.0)),
    ],
)
def test_the_loss_is_the_lower_tiers(
    preferred: Preferred, direction: str, expected: Outcome
) -> None:
    alternative = "complex" if direction == "up" else "simple"
    found = outcome_of(
        preferred, direction=direction, served_tier="standard", alternative_tier=alternative
    )
    assert found == expected


@pytest.mark.parametrize(
    ("preferred", "direction", "boundary", "loss", "lower"),
    [
        # Shadowed up: simple served, standard is the alternative.
        ("served", "up", "simple", 0.0, "better"),
        ("tie", "up", "simple", 0.0, "tie"),
        ("alternative", "up", "simple", 1.0, "worse"),
        # Probed down: standard served, simple is the alternative.
        ("served", "down", "simple", 1.0, "worse"),
        ("tie", "down", "simple", 0.0, "tie"),
        ("alternative", "down", "simple", 0.0, "better"),
    ],
)
def test_a_loss_is_the_lower_tiers_whichever_served(
    preferred: Any, direction: str, boundary: str, loss: float, lower: str
) -> None:
    tiers = ("simple", "standard") if direction == "up" else ("standard", "simple")
    found = outcome_of(
        preferred, direction=direction, served_tier=tiers[0], alternative_tier=tiers[1]
    )
    assert (found.boundary, found.loss) == (boundary, loss)
    assert lower_verdict(preferred, direction=direction) == lower
    # A boundary's classifier and its monitor speak of the same thing.
    assert (lower == "worse") == (found.loss == 1.0)


rows = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 100)), min_size=1, max_size=12)


@given(rows, st.floats(0, 1))
def test_a_conversation_bets_what_its_pairs_bet_together(
    pairs: list[tuple[float, float]], tolerance: float
) -> None:
    losses, weights = ([row[k] for row in pairs] for k in range(2))
    loss, weight = observed_together(losses, weights)
    bets = [w * (x - tolerance) for x, w in pairs]
    assert weight * (loss - tolerance) == pytest.approx(sum(bets), abs=1e-9)
    assert 0 <= loss <= 1
    assert weight == pytest.approx(sum(weights))


@given(st.lists(st.floats(0.01, 12), max_size=40))
def test_pieces_hold_every_pair_once_and_none_is_heavier_than_it_may_be(
    weights: list[float],
) -> None:
    found = pieces(weights)
    assert [place for piece in found for place in range(len(weights))[piece]] == list(
        range(len(weights))
    )
    for piece in found:
        mine = weights[piece]
        assert 1 <= len(mine) <= MOST_TOGETHER
        assert sum(mine) <= MOST_TOGETHER + 1e-9 or len(mine) == 1
    # None ends before it must.
    for piece, after in itertools.pairwise(found):
        longer = weights[piece.start : after.start + 1]
        assert len(longer) > MOST_TOGETHER or sum(longer) > MOST_TOGETHER - 1e-9


def test_a_single_pair_is_itself() -> None:
    assert observed_together([0.5], [3.0]) == (0.5, 3.0)


@pytest.mark.parametrize(
    ("losses", "weights"), [([], []), ([1.0], []), ([], [1.0]), ([1.0], [1, 2])]
)
def test_a_conversation_without_a_weight_for_each_loss_is_refused(
    losses: list[float], weights: list[float]
) -> None:
    with pytest.raises(EvidenceError, match="a weight for each loss"):
        observed_together(losses, weights)


def test_an_inconclusive_verdict_is_no_loss_and_no_gain() -> None:
    for direction in ("up", "down"):
        found = outcome_of(
            "inconclusive", direction=direction, served_tier="standard", alternative_tier="x"
        )
        assert found.loss == 0.0
        assert lower_verdict("inconclusive", direction=direction) == "tie"

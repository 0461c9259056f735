"""A verdict as a score: the loss that its outcome has, under a name that says what is asked."""

import pytest

from tierwatch.evaluation.sampling.outcome import Preferred, outcome_of
from tierwatch.evaluation.sampling.score import NAMES, score_of


@pytest.mark.parametrize(
    ("direction", "preferred", "value", "label"),
    [
        ("up", "alternative", 1.0, "fail"),
        ("up", "served", 0.0, "pass"),
        ("up", "tie", 0.0, "pass"),
        ("up", "inconclusive", 0.0, "inconclusive"),
        ("down", "served", 0.0, "pass"),
        ("down", "tie", 1.0, "fail"),
        ("down", "alternative", 1.0, "fail"),
        ("down", "inconclusive", 0.0, "inconclusive"),
        ("top", "alternative", 1.0, "fail"),
        ("top", "served", 0.0, "pass"),
        ("top", "tie", 0.0, "pass"),
        ("top", "inconclusive", 0.0, "inconclusive"),
    ],
)
def test_what_a_verdict_is_as_a_score(
    direction: str, preferred: Preferred, value: float, label: str
) -> None:
    score = score_of(preferred, direction=direction)
    assert score == (NAMES[direction], value, label)


@pytest.mark.parametrize("preferred", ["alternative", "served", "tie", "inconclusive"])
def test_a_misroute_scores_what_its_outcome_loses(preferred: Preferred) -> None:
    outcome = outcome_of(
        preferred, direction="up", served_tier="simple", alternative_tier="standard"
    )
    assert score_of(preferred, direction="up").value == outcome.loss


@pytest.mark.parametrize("preferred", ["alternative", "served", "tie"])
def test_overspend_is_what_the_lower_tier_would_not_have_lost(preferred: Preferred) -> None:
    outcome = outcome_of(
        preferred, direction="down", served_tier="standard", alternative_tier="simple"
    )
    assert score_of(preferred, direction="down").value == 1 - outcome.loss


def test_each_direction_has_a_name_of_its_own() -> None:
    assert len(set(NAMES.values())) == 3
    assert all(name.startswith("tierwatch.") for name in NAMES.values())


def test_an_unknown_direction_is_no_score() -> None:
    with pytest.raises(KeyError):
        score_of("tie", direction="sideways")

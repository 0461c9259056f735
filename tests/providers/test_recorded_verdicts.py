"""What a recording prefers, and which tier it says suffices."""

from typing import Any

import pytest
from factories.recorded import exchange

from tierwatch.providers.recorded_verdicts import by_score, preferred, sufficient_tiers


@pytest.mark.parametrize(
    ("verdict", "low_first", "high_first"),
    [("worse", "B", "A"), ("better", "A", "B"), ("tie", "tie", "tie"), ("odd", "tie", "tie")],
)
def test_a_verdict_is_of_the_lower_tier(verdict: str, low_first: str, high_first: str) -> None:
    one = exchange("e", "p", {"simple<standard": verdict}, (0.0, 1.0, None))
    assert preferred(one, "simple", "standard") == low_first
    assert preferred(one, "standard", "simple") == high_first


@pytest.mark.parametrize(
    ("scores", "found"),
    [((1.0, 0.5), "A"), ((0.5, 1.0), "B"), ((0.5, 0.5), "tie"), ((None, 1.0), None)],
)
def test_without_a_verdict_the_scores_decide(scores: Any, found: str | None) -> None:
    assert by_score(*scores) == found
    assert preferred(exchange("e", "p", None, (*scores, None)), "simple", "standard") == found


def recording(worse: int, of: int, task: str = "t") -> list[Any]:
    """``of`` exchanges that are read, the first ``worse`` of them worse at the lowest tier."""
    made = [
        exchange(
            f"{task}{n}",
            "p",
            {
                "simple<standard": "worse" if n < worse else "tie",
                "standard<complex": "tie",
            },
            task=task,
        )
        for n in range(of)
    ]
    # Only two fifths are read: 5/2 as many are recorded.
    return made + [exchange(f"{task}later{n}", "p", task=task) for n in range(of * 3 // 2)]


@pytest.mark.parametrize(
    ("worse", "of", "tier"),
    [(0, 4, "simple"), (1, 4, "simple"), (2, 4, "standard"), (4, 4, "standard")],  # 1/4 is not over
)
def test_a_tier_that_is_worse_too_often_does_not_suffice(worse: int, of: int, tier: str) -> None:
    assert sufficient_tiers(recording(worse, of)) == {"t": tier}


def test_what_comes_later_is_not_known_yet() -> None:
    known = recording(0, 4)
    late = exchange("x", "p", {"simple<standard": "worse"}, task="new")
    assert sufficient_tiers([*known, late]) == {"t": "simple"}
    assert sufficient_tiers([late]) == {"new": "standard"}  # of one, one is read


def test_where_every_tier_is_worse_than_the_next_the_top_one_serves() -> None:
    one = exchange("e", "p", {"simple<standard": "worse", "standard<complex": "worse"})
    assert sufficient_tiers([one]) == {"t": "complex"}

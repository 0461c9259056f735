"""A verdict becomes a loss about the lower tier of the pair."""

import pytest

from tierwatch.evaluation.sampling.outcome import Outcome, Preferred, outcome_of


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

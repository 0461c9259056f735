"""Rows about conversations: the rate of pairs is what is watched, whatever their lengths."""

import numpy as np
import pytest

from tierwatch.evaluation.simulation.adverse import conversations
from tierwatch.evaluation.simulation.adverse.conversations import Shape, alarm_pairs
from tierwatch.evaluation.simulation.certificate_rows import Effort


@pytest.mark.parametrize("shape", [Shape(1.2, 0.08, 0.05), Shape(2.0, 0.02, 0.05)])
def test_a_shapes_pairs_lose_at_its_rate(shape: Shape) -> None:
    rng = np.random.default_rng(1)
    lengths = np.floor(np.minimum(rng.random(400_000) ** (-1 / shape.tail), 500))
    rates = np.where(lengths == 1, shape.single, shape.longer)
    assert float((rates * lengths).sum() / lengths.sum()) == pytest.approx(shape.rate, rel=0.01)


def test_harm_in_long_conversations_is_found_at_both_rates() -> None:
    for sampled in (1.0, 0.05):
        found = alarm_pairs(3, Shape(1.2, 0.01, 0.08), sampled, runs=10, pairs=6_000)
        assert (found <= 6_000).all()
        assert 600 < found.mean() < 2_200


def test_within_the_tolerance_nothing_is_found_and_one_rate_for_all_turns_is_not_promised() -> None:
    found = list(conversations.rows(Effort(runs=0.1, length=0.1), 5))
    assert [row.bar for row in found] == ["V1"] * 6 + ["V1b"] * 2
    assert [row.promised for row in found] == [True] * 7 + [False]
    assert [row.verdict for row in found[:4]] == ["holds"] * 4
    assert found[-1].verdict == "not promised"
    assert found[-1].value > 0.2

from collections.abc import Callable

import numpy as np
import pytest
from factories.held_out import pairs

from tierwatch.evaluation.models.bootstrap import (
    FEWEST_CONVERSATIONS,
    bootstrapped,
    no_area,
)
from tierwatch.evaluation.models.held_out import Conversations, HeldOut
from tierwatch.evaluation.rates.columns import Floats


def mean_of(losses: Floats) -> Callable[[Floats], float | None]:
    return lambda weights: float(weights @ losses / weights.sum()) if weights.sum() else None


def test_the_interval_is_that_of_a_mean_over_conversations() -> None:
    # 400 conversations, a tenth lost: standard error sqrt(.09 / 400) = .015, so .1 -+ .0294.
    losses = np.array(([1.0] + [0.0] * 9) * 40)
    talks = Conversations.of(pairs(["tie"] * 400))
    (found,) = bootstrapped([mean_of(losses)], talks, seed=3)
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.0706, 0.1294), abs=0.006)
    assert (found.n, found.method) == (400, "bootstrap of 400 conversations, seed 3")


def test_pairs_of_a_conversation_are_drawn_together() -> None:
    losses = np.repeat(([1.0] + [0.0] * 9) * 4, 10)
    alone = Conversations.of(pairs(["tie"] * 400))
    together = Conversations.of(
        HeldOut(["tie"] * 400, [1.0] * 400, [f"s{n // 10}" for n in range(400)])
    )
    narrow, wide = (
        bootstrapped([mean_of(losses)], talks, seed=1)[0] for talks in (alone, together)
    )
    # Ten alike pairs are one: sqrt(10) times the width.
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(10**0.5, rel=0.25)


def test_figures_are_drawn_on_the_same_conversations() -> None:
    losses = np.array([1.0, 0.0, 0.0, 0.0] * 20)
    talks = Conversations.of(pairs(["tie"] * 80))
    one, other = bootstrapped([mean_of(losses), mean_of(1 - losses)], talks, seed=2)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low))


def test_the_seed_decides_the_interval_and_never_the_value() -> None:
    losses = np.array([1.0, 0.0, 0.0] * 30)
    talks = Conversations.of(pairs(["tie"] * 90))
    runs = [bootstrapped([mean_of(losses)], talks, seed)[0] for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert (runs[0].low, runs[0].high) != (runs[2].low, runs[2].high)
    assert runs[0].value == runs[2].value


@pytest.mark.parametrize("count", [1, FEWEST_CONVERSATIONS - 1])
def test_too_few_conversations_are_unknown(count: int) -> None:
    talks = Conversations.of(pairs(["tie"] * count))
    (found,) = bootstrapped([lambda _: 0.5], talks, seed=0)
    assert (found.value, found.low, found.high) == (None, -1.0, 1.0)
    assert found.method == f"{count} conversations; 30 are needed"


def test_a_figure_that_pairs_do_not_have_is_unknown() -> None:
    talks = Conversations.of(pairs(["tie"] * 40))
    never, sometimes = bootstrapped(
        # The second is there on the pairs themselves and in few of the draws.
        [lambda _: None, lambda weights: 0.5 if np.all(weights == 1) else None],
        talks,
        seed=0,
    )
    assert never == sometimes == no_area("not defined on these pairs")

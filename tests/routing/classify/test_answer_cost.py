"""The cost of answers is foreseen from what was paid, and never beyond a factor of three."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ArtefactError, EvidenceError
from tierwatch.routing.classify.answer_cost import AnswerCost
from tierwatch.routing.classify.artefact import open_sealed, seal
from tierwatch.routing.classify.features import prompt_features

LONG, SHORT = "write an essay about rivers", "is seven a prime"


def taught(n: int = 400) -> AnswerCost:
    chance = random.Random(1)
    cost = AnswerCost()
    for _ in range(n // 2):
        cost.learn(LONG, 0.02 * math.exp(chance.gauss(0, 0.2)))
        cost.learn(SHORT, 0.01 * math.exp(chance.gauss(0, 0.2)))
    return cost


def relative(cost: AnswerCost, text: str) -> float:
    return cost.relative(prompt_features(text))


def test_dear_and_cheap_answers_are_told_apart() -> None:
    cost = taught()
    # Their mean is .015 or so: 4/3 and 2/3 of the usual.
    assert relative(cost, LONG) == pytest.approx(4 / 3, rel=0.15)
    assert relative(cost, SHORT) == pytest.approx(2 / 3, rel=0.15)


def test_before_100_answers_everything_costs_the_usual() -> None:
    cost = taught(98)
    assert relative(cost, LONG) == 1.0


def test_one_odd_bill_and_odd_prompts_stay_within_a_factor_of_three() -> None:
    cost = taught()
    cost.learn(LONG, 1e6)
    cost.learn(SHORT, 1e-12)
    assert 1 / 3 <= relative(cost, SHORT) < relative(cost, LONG) <= 3
    assert 1 / 3 <= relative(cost, "") <= 3
    assert 1 / 3 <= relative(cost, "9" * 100_000) <= 3


@pytest.mark.parametrize("usd", [0.0, -1.0, math.nan, math.inf])
def test_a_cost_that_is_none_is_refused(usd: float) -> None:
    cost = taught()
    before = cost.to_bytes()
    with pytest.raises(EvidenceError, match="USD above 0"):
        cost.learn(LONG, usd)
    assert cost.to_bytes() == before


def test_an_artefact_gives_it_back_and_learning_goes_on() -> None:
    one = taught()
    other = AnswerCost.from_bytes(one.to_bytes())
    for cost in (one, other):
        cost.learn("something new", 0.5)
    assert one.to_bytes() == other.to_bytes()


def test_corrupt_and_foreign_artefacts_are_refused() -> None:
    header, numbers = open_sealed("answer cost", taught().to_bytes())
    with pytest.raises(ArtefactError, match="features: found 'x'"):
        AnswerCost.from_bytes(seal("answer cost", header | {"features": "x"}, [numbers]))
    with pytest.raises(ArtefactError, match="too few"):
        AnswerCost.from_bytes(seal("answer cost", header, [numbers[:-1]]))
    with pytest.raises(ArtefactError, match="header cannot be read"):
        AnswerCost.from_bytes(seal("answer cost", header | {"usual": None}, [numbers]))
    with pytest.raises(ArtefactError, match="something else"):
        AnswerCost.from_bytes(b"no")


def test_the_first_bill_is_what_is_usual_at_first() -> None:
    cost = AnswerCost()
    for _ in range(100):
        cost.learn("Say it.", 0.02)
    assert cost.answers == 100
    assert relative(cost, "Say it.") == pytest.approx(1.0, abs=0.01)


def test_the_currency_of_bills_does_not_matter() -> None:
    dollars, cents = AnswerCost(), AnswerCost()
    for _ in range(150):
        for text, usd in ((LONG, 0.02), (SHORT, 0.01)):
            dollars.learn(text, usd)
            cents.learn(text, usd * 100)
    for text in (LONG, SHORT, "something else"):
        assert relative(dollars, text) == pytest.approx(relative(cents, text), rel=1e-3)


def test_what_is_usual_follows_prices_that_rise() -> None:
    cost = taught()
    before = relative(cost, LONG)
    # All answers cost ten times as much: soon that is the usual again.
    for _ in range(1_500):
        cost.learn(LONG, 0.2)
        cost.learn(SHORT, 0.1)
    assert relative(cost, LONG) == pytest.approx(before, rel=0.25)


@given(text=st.text(max_size=120), usd=st.floats(1e-9, 1e6))
def test_no_bill_takes_a_foreseen_cost_out_of_bounds(text: str, usd: float) -> None:
    cost = AnswerCost()
    for _ in range(50):
        cost.learn(text, usd)
        cost.learn("another", 1.0)
    assert 1 / 3 <= relative(cost, text) <= 3
    assert 1 / 3 <= relative(cost, "neither") <= 3


def test_nothing_known_costs_the_usual() -> None:
    assert relative(AnswerCost(), "anything") == 1.0
    assert relative(AnswerCost.from_bytes(AnswerCost().to_bytes()), "anything") == 1.0

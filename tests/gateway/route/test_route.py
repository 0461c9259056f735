import pytest
from factories.gateway_values import route

from tierwatch.gateway.cache.lookup import OFF, Lookup
from tierwatch.gateway.route.route import ClassifierBill
from tierwatch.routing.tiers import Price
from tierwatch.wire.cached_reply import CachedAnswer
from tierwatch.wire.usage import Usage

PRICE = Price(1.0, 2.0)  # 1e-6 USD a token read, 2e-6 written
PROMPT = {"messages": [{"role": "user", "content": "x" * 40}]}  # 10 tokens by estimate
ANSWER = CachedAnswer("Paris.", "simple", "small-1", (1, 1), None)


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(100, 5), 0.000110),
        (Usage(None, 5), 0.000020),
        (Usage(100, None), 0.000100),
        (Usage(), 0.000010),
        (Usage(0, 0), 0.0),
    ],
)
def test_a_reply_costs_what_was_counted_or_else_its_prompt(usage: Usage, usd: float) -> None:
    bill = ClassifierBill()
    bill.add(PROMPT, usage, PRICE)
    assert bill.cost_usd == pytest.approx(usd)


def test_replies_add_up() -> None:
    bill = ClassifierBill()
    for _ in range(3):
        bill.add(PROMPT, Usage(100, 0), PRICE)
    assert bill.cost_usd == pytest.approx(0.0003)


def test_an_answer_from_the_cache_is_the_looks() -> None:
    assert route().cached is None
    hit = Lookup("hit", None, ANSWER)
    assert route(lookup=hit).cached is ANSWER
    assert route(lookup=hit.refused()).cached is None


def test_a_look_whose_answer_is_refused_keeps_its_place_for_the_next_one() -> None:
    assert OFF.refused() == Lookup("miss")
    assert Lookup("semantic", None, ANSWER).refused() == Lookup("miss")

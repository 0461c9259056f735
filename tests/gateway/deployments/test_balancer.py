"""Which deployment of a tier takes the next call."""

from collections import Counter
from dataclasses import replace

import pytest
from factories.deployments import (
    Clock,
    balancer,
    break_down,
    tier,
    where,
)
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.tiers import Price


def test_weights_are_kept_and_spread() -> None:
    simple = tier(a=3, b=1)
    made = balancer(simple)
    assert "".join(where(made.pick(simple)) for _ in range(8)) == "aabaaaba"


@given(weights=st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_a_round_gives_each_exactly_its_weight(weights: list[int]) -> None:
    simple = tier(**{f"p{place}": weight for place, weight in enumerate(weights)})
    made = balancer(simple)
    for _ in range(2):
        picked = Counter(where(made.pick(simple)) for _ in range(sum(weights)))
        assert picked == {f"p{place}": weight for place, weight in enumerate(weights)}


@given(weights=st.lists(st.floats(0.01, 100.0), min_size=2, max_size=4))
def test_fractional_weights_are_kept_to_within_one_call(weights: list[float]) -> None:
    simple = tier(**{f"p{place}": weight for place, weight in enumerate(weights)})
    made = balancer(simple)
    picked = Counter(where(made.pick(simple)) for _ in range(200))
    for place, weight in enumerate(weights):
        assert abs(picked[f"p{place}"] - 200 * weight / sum(weights)) < len(weights)


def test_least_busy_counts_calls_under_way_for_the_weight() -> None:
    simple = tier(a=2, b=1)
    made = balancer(simple, strategy="least_busy")
    calls = []
    for _ in range(6):
        call = made.pick(simple)
        assert call is not None
        calls.append(call.__enter__())
    assert Counter(map(where, calls)) == {"a": 4, "b": 2}
    for call in calls:
        if where(call) == "b":
            call.close()  # as when a caller's stream has ended
    assert [where(made.pick(simple)), where(made.pick(simple))] == ["b", "b"]


def test_cheapest_asks_the_cheapest_healthy_one() -> None:
    simple = tier(dear=(9, 3.0), cheap=(1, 1.0), also_cheap=(1, 1.0))
    made = balancer(simple, strategy="cheapest")
    assert [where(made.pick(simple)) for _ in range(3)] == ["cheap", "also_cheap", "cheap"]
    break_down(made, simple, at="cheap")
    assert {where(made.pick(simple)) for _ in range(3)} == {"also_cheap"}
    break_down(made, simple, at="also_cheap")
    assert where(made.pick(simple)) == "dear"


def test_the_call_carries_the_deployments_price_and_name_and_the_tiers_model() -> None:
    simple = tier(a=(1, 0.5))
    call = balancer(simple).pick(simple)
    assert call is not None
    assert (call.model, call.tier.model, call.tier.provider) == ("m-a", "m", "a")
    assert call.tier.price == Price(0.5, 0.5)


def test_an_open_breaker_is_passed_over_until_one_probe_finds_it_back() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    break_down(made, simple, at="a")
    assert {where(made.pick(simple)) for _ in range(4)} == {"b"}
    clock.now += 10.0
    probe = made.pick(simple, {("b", "m-b")})
    assert probe is not None
    with probe:
        assert {where(made.pick(simple)) for _ in range(4)} == {"b"}
    assert {where(made.pick(simple)) for _ in range(4)} == {"a", "b"}


STRATEGIES = ("weighted", "least_busy", "cheapest")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_conversation_goes_home_whatever_the_strategy_says(strategy: str) -> None:
    simple = tier(a=(9, 1.0), b=(1, 3.0))  # each strategy names a
    made = balancer(simple, strategy=strategy)
    busy = made.pick(simple, {("a", "m-a")})
    assert busy is not None
    with busy:
        assert where(made.pick(simple)) == "a"
        assert {where(made.pick(simple, home=("b", "m-b"))) for _ in range(9)} == {"b"}
        # Going home takes nothing from the others' turns.
        assert where(made.pick(simple)) == "a"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_goes_home_to_a_deployment_that_is_not_healthy(strategy: str) -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock, strategy=strategy)
    break_down(made, simple, at="b")
    assert {where(made.pick(simple, home=("b", "m-b"))) for _ in range(3)} == {"a"}
    clock.now += 10.0  # half-open: whoever the strategy sends there is the probe
    assert where(made.pick(simple, {("a", "m-a")}, home=("b", "m-b"))) == "b"
    assert where(made.pick(simple, home=("b", "m-b"))) == "a"


def test_who_is_healthy() -> None:
    clock = Clock()
    of = tier(a=1, b=1)
    made = balancer(of, clock=clock)
    a, b = ((one.provider, one.model) for one in of.served_at())
    break_down(made, of, at="a")
    assert [made.is_healthy(key) for key in (a, b, ("c", "gone"))] == [False, True, False]
    clock.now += 11  # half-open
    assert not made.is_healthy(a)


def test_a_home_that_is_gone_or_was_tried_is_none() -> None:
    simple = tier(a=1, b=1)
    made = balancer(simple)
    homes = {where(made.pick(simple, home=("gone", "m"))) for _ in range(2)}
    assert homes == {"a", "b"}
    assert where(made.pick(simple, {("b", "m-b")}, home=("b", "m-b"))) == "a"


def test_a_deployment_named_by_two_tiers_is_one() -> None:
    simple, standard = tier(a=1), tier("standard", a=1, b=1)
    made = balancer(simple, standard)
    break_down(made, simple, at="a")
    assert {where(made.pick(standard)) for _ in range(4)} == {"b"}


def test_a_tier_that_another_model_serves_has_deployments_of_its_own() -> None:
    old = tier(a=1, b=1)
    made = balancer(old)
    new = replace(old, model="m2", provider="c", deployments=())
    call = made.pick(new)
    assert call is not None
    assert (call.key, call.model, call.tier.model) == (("c", "m2"), "m2", "m2")
    assert not made.several(new)
    assert made.several(old)  # who is still served by the old one is
    # A breaker is of the place, whoever asks: the other effort of a model is at the same one.
    break_down(made, new, at="c")
    assert made.pick(replace(new, effort="high")) is None

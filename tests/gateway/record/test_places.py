"""Where conversations are found again; test_routes.py holds whole conversations over HTTP."""

from typing import Any

import pytest
from factories.gateway_values import (
    COMPLEX,
    NOW,
    SIMPLE,
    asked,
    current,
    decision,
    pin,
    route,
)
from factories.served_exchanges import served
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.memory.pin_keys import answer_key, session_key, turn_key
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.record.places import Places
from tierwatch.gateway.route.recall import Recalled
from tierwatch.gateway.route.route import Route
from tierwatch.routing.stickiness import Pin, SessionRules, Turn
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier
from tierwatch.wire.usage import Usage

TENANT, SEED = b"tenant", "seed"
SESSION = session_key(TENANT, SEED)
IN_SESSION = Recalled(TENANT, SEED, SESSION, keeps_turns=True)
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


class Pinned:
    """A place for pins that a test can read."""

    def __init__(self) -> None:
        self.pins: dict[str, Pin] = {}
        self.metrics = GatewayMetrics(CollectorRegistry())

    def keep(self, key: str, pin: Pin) -> None:
        self.pins[key] = pin

    def after(
        self,
        of: Route,
        *,
        sticky: bool = True,
        usage: Usage = Usage(),  # noqa: B008 - immutable
        reasoned: bool = False,
        tier: Tier = SIMPLE,
        **changes: Any,
    ) -> dict[str, Pin]:
        places = Places(
            current(),
            pins=self,  # type: ignore[arg-type]
            rules=SessionRules(sticky=sticky),
            clock=lambda: NOW,
            metrics=self.metrics,
        )
        exchange = served(served_tier=tier.name, served_model=tier.model, **changes)
        places.keep(asked(), of, exchange, tier=tier, usage=usage, reasoned=reasoned)
        return self.pins


@pytest.mark.parametrize("changes", [{"finished": False}, {"answer": None}, {"kept": False}])
def test_an_answer_that_is_not_whole_is_no_place_to_stand(changes: dict[str, Any]) -> None:
    assert Pinned().after(route(recalled=IN_SESSION), **changes) == {}


def test_a_session_stands_at_its_last_answer() -> None:
    pins = Pinned().after(route(recalled=IN_SESSION))
    answer = {"role": "assistant", "content": "Paris."}
    assert pins.keys() == {SESSION, turn_key(TENANT, SEED, answer)}
    (place,) = set(pins.values())
    assert (place.tier, place.model, place.provider) == ("simple", "small-1", "lab")
    assert (place.seen_at, place.turns, place.completion_tokens) == (NOW, 1, 2)
    assert place.deployment == "small-1"
    assert place.warm_tokens == 23  # nobody counts the cache: prompt 21 + answer 2


def test_a_first_turn_that_nobody_named_is_not_known_again() -> None:
    assert Pinned().after(route(recalled=Recalled(TENANT, SEED))) == {}


def test_a_conversation_that_nobody_named_stands_at_its_answer_alone() -> None:
    pins = Pinned().after(route(recalled=Recalled(TENANT, SEED, keeps_turns=True)))
    assert set(pins) == {turn_key(TENANT, SEED, {"content": "Paris."})}


@pytest.mark.parametrize(
    ("sticky", "reasoned", "calls", "found"),
    [
        (True, False, [CALL], True),
        (False, False, [CALL], False),  # nothing is held, so nobody asks
        (False, True, [CALL], True),  # the reasoning is its issuer's all the same
        (True, True, None, True),
        (True, False, None, False),
        (True, False, [], False),
    ],
)
def test_an_answer_is_known_again_by_its_calls_or_its_reasoning(
    *, sticky: bool, reasoned: bool, calls: Any, found: bool
) -> None:
    answer = {"role": "assistant", "content": "hm", **({"tool_calls": calls} if calls else {})}
    pins = Pinned().after(
        route(recalled=Recalled(TENANT, SEED)), sticky=sticky, reasoned=reasoned, answer=answer
    )
    key = answer_key(TENANT, SEED, [*asked().request["messages"], answer], 1)
    assert set(pins) == ({key} if found else set())


def test_turns_are_counted_on_from_where_the_conversation_stood() -> None:
    before = IN_SESSION._replace(pin=pin(turns=4))
    assert Pinned().after(route(recalled=before))[SESSION].turns == 5


@pytest.mark.parametrize(
    ("usage", "homes", "warm", "tokens"),
    [
        (Usage(21, 2, 15, None), {}, False, 15),
        (Usage(21, 2, 15, 6), {}, False, 21),
        # It read nothing where something was warm: the cache is gone.
        (Usage(21, 2, 0, None), {"simple": ("lab", "small-1")}, True, 0),
        # Another deployment served, which counts reads only and had nothing to read.
        (Usage(21, 2, 0, None), {"simple": ("other", "small-1")}, True, 23),
        (Usage(21, 2, 0, None), {"simple": ("lab", "small-1")}, False, 23),
    ],
)
def test_what_is_warm_is_what_the_provider_counted(
    usage: Usage, homes: Any, *, warm: bool, tokens: int
) -> None:
    of = route(recalled=IN_SESSION._replace(warm=warm), homes=homes)
    assert Pinned().after(of, usage=usage)[SESSION].warm_tokens == tokens


CACHE = Tier(CACHE_TIER, "small-1", CACHE_TIER, Price(0.0, 0.0))


def test_from_a_cached_answer_the_conversation_goes_on_where_it_stood() -> None:
    stood = pin(COMPLEX)
    of = route(recalled=IN_SESSION._replace(answer_pin=stood, pin=stood), cache_tier=CACHE)
    pins = Pinned().after(of, tier=CACHE)
    assert pins == {turn_key(TENANT, SEED, {"content": "Paris."}): stood}


@pytest.mark.parametrize("recalled", [IN_SESSION, Recalled(TENANT, SEED, answer_pin=pin())])
def test_a_cached_answer_that_goes_on_from_nothing_keeps_nothing(recalled: Recalled) -> None:
    assert Pinned().after(route(recalled=recalled, cache_tier=CACHE), tier=CACHE) == {}


def held_cost(made: Pinned) -> float:
    series = 'tierwatch_gateway_held_cost_usd_total{reason="tool_exchange"} '
    lines = generate_latest(made.metrics.registry).decode().splitlines()
    return next((float(x.removeprefix(series)) for x in lines if x.startswith(series)), 0.0)


@pytest.mark.parametrize(("tier", "usd"), [(COMPLEX, 0.000225), (SIMPLE, 0.0)])
def test_holding_costs_what_the_chosen_tier_would_have_spared(tier: Tier, usd: float) -> None:
    # Served for 0.00025; the chosen tier: 21 x 1e-6 + 2 x 2e-6 = 0.000025.
    turn = Turn(decision(COMPLEX), "tool_exchange", "simple")
    made = Pinned()
    made.after(
        route(decision(COMPLEX), recalled=IN_SESSION, turn=turn), tier=tier, cost_usd=0.00025
    )
    assert held_cost(made) == pytest.approx(usd)

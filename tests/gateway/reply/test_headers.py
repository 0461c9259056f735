from dataclasses import replace

import pytest
from factories.gateway_values import COMPLEX, SIMPLE, TIERS, asked, decision, route

from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.cache.lookup import Lookup
from tierwatch.gateway.reply.headers import ExchangeHeaders, json_body
from tierwatch.gateway.route.route import Route
from tierwatch.routing.stickiness import Turn
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier


def said(of: Route, *, tier: Tier | None = SIMPLE, ledger: Ledger | None = None) -> dict[str, str]:
    ledger = ledger or Ledger()
    if tier is not None:
        ledger.asks(tier)
    headers = ExchangeHeaders(TIERS).of(asked(), of, ledger, 0.4567)
    assert len(dict(headers)) == len(headers)
    return {name.decode().removeprefix("x-tierwatch-"): v.decode() for name, v in headers}


def test_what_a_reply_says_of_its_exchange() -> None:
    assert said(route()) == {
        "request-id": "00000000-0000-0000-0000-000000000007",
        "tier": "simple",
        "model": "small-1",
        "confidence": "0.9000",
        "policy-version": "3",
        "cache": "off",
        "overhead-ms": "0.457",
    }


def test_where_nobody_was_asked_no_tier_is_named() -> None:
    assert said(route(), tier=None).keys() == {"request-id", "cache", "overhead-ms"}


def test_the_cache_is_named_with_the_model_that_once_answered() -> None:
    cache = Tier(CACHE_TIER, "large-0", CACHE_TIER, Price(0.0, 0.0))
    shown = said(route(lookup=Lookup("hit"), cache_tier=cache), tier=None)
    assert (shown["tier"], shown["model"], shown["cache"]) == ("cache", "large-0", "hit")


def test_a_cascade_says_under_which_decision_it_serves() -> None:
    ledger = Ledger()
    ledger.decides(decision(COMPLEX, confidence=0.25, reason="cascade:cut"))
    shown = said(route(), tier=COMPLEX, ledger=ledger)
    assert (shown["tier"], shown["confidence"]) == ("complex", "0.2500")


@pytest.mark.parametrize(
    ("chosen", "tier", "held"),
    [
        ("simple", COMPLEX, "tool_exchange"),
        ("complex", COMPLEX, None),  # the router's own choice: nobody was held
        ("simple", SIMPLE, None),  # the held tier was down, and the chosen one took over
    ],
)
def test_a_held_turn_says_why_where_it_is_served_so(
    chosen: str, tier: Tier, held: str | None
) -> None:
    turn = Turn(decision(COMPLEX), "tool_exchange", chosen)
    assert said(route(decision(COMPLEX), turn=turn), tier=tier).get("held") == held


def test_a_prompt_unlike_anything_judged_is_marked() -> None:
    unlike = replace(decision(COMPLEX, reason="unfamiliar", confidence=0.0), task_type="unfamiliar")
    assert said(route(unlike), tier=COMPLEX)["unfamiliar"] == "true"
    assert "unfamiliar" not in said(route(decision(COMPLEX)), tier=COMPLEX)


def test_names_beyond_ascii_are_sent_as_far_as_they_go() -> None:
    tier = Tier("simpl\u00e9", "m\u00f6del", "lab", Price(1, 1))
    shown = said(route(), tier=tier)
    assert (shown["tier"], shown["model"]) == ("simpl?", "m?del")


def test_a_body_says_its_length_in_bytes() -> None:
    assert dict(json_body("{\u00e9}".encode())) == {
        b"content-type": b"application/json",
        b"content-length": b"4",
    }

"""What is recorded of an exchange, however far it came."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from factories.config import load
from factories.gateway_values import COMPLEX, NOW, SIMPLE, asked, decision, route, whole
from fakes.gateway import Recorded
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.memory.pins import Pins
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.record.cache_writer import CacheWriter
from tierwatch.gateway.record.places import Places
from tierwatch.gateway.record.records import Records
from tierwatch.gateway.reply.sent import Sent
from tierwatch.gateway.route.route import ClassifierBill, Route
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing import Router
from tierwatch.routing.stickiness import SessionRules
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier
from tierwatch.wire.usage import Usage

CONFIG = """
routing:
  classifier: {kind: static, label: simple}
  tiers: {simple: {model: small-1, cost: 1}, complex: {model: large-1, cost: 10}}
"""


class Book:
    """Records, and all that is told by them."""

    def __init__(self, folder: Path) -> None:
        config = load(folder, CONFIG)
        self.metrics = GatewayMetrics(CollectorRegistry())
        self.recorded = Recorded()
        router = Router.from_config(folder / "tierwatch.yaml")
        current = CurrentRouter(router, lambda: None, self.metrics)
        places = Places(
            current,
            pins=Pins(None, idle_s=60, clock=lambda: NOW),
            rules=SessionRules(),
            clock=lambda: NOW,
            metrics=self.metrics,
        )
        self._records = Records(
            current=current,
            recorder=self.recorded,
            places=places,
            cache=CacheWriter(config.gateway.cache, None, self.metrics),
            responses=KeptResponses(config.gateway.responses, None, lambda: NOW),
            metrics=self.metrics.traffic,
        )

    def close(
        self, of: Route | None, *, by: Asked | None = None, ledger: Any = None, sent: Any = None
    ) -> ServedExchange:
        one = by or asked()

        async def close() -> None:
            self._records.close(
                one,
                of,
                bill=ClassifierBill(),
                ledger=ledger or Ledger(),
                sent=sent or Sent(one.started),
            )

        asyncio.run(close())
        (served,) = self.recorded.exchanges
        return served

    def shown(self, series: str) -> float | None:
        lines = generate_latest(self.metrics.registry).decode().splitlines()
        return next((float(x.split()[-1]) for x in lines if x.startswith(f"{series} ")), None)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def replied(answer: Any = None) -> Sent:
    sent = Sent(0.0)
    sent.begins(200, waited_s=0.0)
    sent.says((answer or whole()).said)
    return sent


def test_who_leaves_before_a_route_counts_for_the_default_tier(book: Book) -> None:
    served = book.close(None)
    assert served.decision.reason == "classifier_failed:abandoned"
    assert (served.status, served.served_tier) == (499, served.decision.tier)
    assert (
        book.shown(f'tierwatch_gateway_requests_total{{status="499",tier="{served.served_tier}"}}')
        == 1
    )
    assert (
        book.shown(f'tierwatch_gateway_tokens_total{{kind="prompt",tier="{served.served_tier}"}}')
        is None
    )


def test_who_had_named_a_tier_counts_for_that(book: Book) -> None:
    pinned = decision(COMPLEX, reason="pinned")
    served = book.close(None, by=asked(pinned=pinned))
    assert (served.decision, served.served_tier) == (pinned, "complex")


def test_who_leaves_before_the_first_call_counts_for_the_decided_tier(book: Book) -> None:
    served = book.close(route(decision(COMPLEX)))
    assert (served.served_tier, served.attempts) == ("complex", ())


def test_the_ledger_says_under_which_decision_and_by_whom(book: Book) -> None:
    ledger = Ledger()
    moved = decision(COMPLEX, reason="cascade:cut")
    ledger.decides(moved)
    ledger.asks(COMPLEX)
    ledger.tried(COMPLEX, 0.0)
    served = book.close(route(decision()), ledger=ledger, sent=replied())
    assert (served.decision, served.served_tier, len(served.attempts)) == (moved, "complex", 1)


def test_the_cache_serves_for_nothing(book: Book) -> None:
    cache = Tier(CACHE_TIER, "small-1", CACHE_TIER, Price(0.0, 0.0))
    served = book.close(route(cache_tier=cache), sent=replied())
    assert (served.served_tier, served.served_model, served.cost_usd) == ("cache", "small-1", 0.0)
    assert book.shown('tierwatch_gateway_requests_total{status="200",tier="cache"}') == 1


def test_what_prometheus_sees_of_an_answer(book: Book) -> None:
    ledger = Ledger()
    ledger.asks(SIMPLE)
    book.close(route(), ledger=ledger, sent=replied(whole(tokens=(1_000, 500))))
    assert book.shown('tierwatch_gateway_tokens_total{kind="prompt",tier="simple"}') == 1_000
    assert book.shown('tierwatch_gateway_tokens_total{kind="completion",tier="simple"}') == 500
    # What is nothing shows as 0 from the first request on.
    assert book.shown('tierwatch_gateway_tokens_total{kind="cached",tier="simple"}') == 0
    assert book.shown('tierwatch_gateway_spend_usd_total{kind="classifier"}') == 0
    # 1,000 x 1e-6 + 500 x 2e-6 = 0.002
    assert book.shown('tierwatch_gateway_cost_usd_total{tier="simple"}') == pytest.approx(0.002)
    assert book.shown('tierwatch_gateway_spend_usd_total{kind="serving"}') == pytest.approx(0.002)
    assert book.shown("tierwatch_gateway_overhead_seconds_count") == 1
    assert book.shown('tierwatch_gateway_replies_cut_total{tier="simple"}') is None


def test_a_reply_that_was_cut_is_counted_as_such(book: Book) -> None:
    sent, ledger = Sent(0.0), Ledger()
    ledger.asks(SIMPLE)
    sent.begins(200, waited_s=0.0)
    sent.says(whole().said._replace(finished=False, usage=Usage(5, 1, 4)))
    book.close(route(), ledger=ledger, sent=sent)
    assert book.shown('tierwatch_gateway_replies_cut_total{tier="simple"}') == 1
    assert book.shown('tierwatch_gateway_tokens_total{kind="cached",tier="simple"}') == 4


def test_a_reply_that_was_too_long_to_be_kept_is_counted_as_such(book: Book) -> None:
    sent, ledger = Sent(0.0), Ledger()
    ledger.asks(SIMPLE)
    sent.begins(200, waited_s=0.0)
    sent.says(whole().said._replace(kept=False))
    served = book.close(route(), ledger=ledger, sent=sent)
    assert (served.finished, served.kept) == (True, False)
    assert book.shown('tierwatch_gateway_replies_unkept_total{tier="simple"}') == 1
    assert book.shown('tierwatch_gateway_replies_cut_total{tier="simple"}') is None

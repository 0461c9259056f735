"""Which answers are kept, and what is counted of the others."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.config import load
from factories.gateway_values import decision
from factories.served_exchanges import served
from fakes.cache_store import StoreInMemory
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.cache.cache_key import CacheKey
from tierwatch.gateway.cache.lookup import OFF, Lookup
from tierwatch.gateway.cache.response_cache import ResponseCache
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.record.cache_writer import CacheWriter, keepable_text
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.wire.cached_reply import CachedAnswer

CONFIG = """
routing:
  tiers: {simple: {model: small-1, cost: 1}, complex: {model: large-1, cost: 10}}
gateway: {cache: {mode: exact, max_answer_kb: 1}}
"""
KEY = CacheKey("tenant", "place", "verbatim", {})
MISS = Lookup("miss", KEY)


def kept(
    folder: Path,
    *exchanges: ServedExchange,
    lookup: Lookup = MISS,
    store: StoreInMemory | None = None,
    redact: Callable[[str], str] = lambda text: text,
    cached: bool = True,
) -> tuple[dict[str, bytes], dict[str, float]]:
    """What stands in the store afterwards, and the counts."""
    store = store or StoreInMemory()
    metrics = GatewayMetrics(CollectorRegistry())
    cache = ResponseCache(store, redact) if cached else None  # type: ignore[arg-type]

    async def keep() -> None:
        async with CacheWriter(load(folder, CONFIG).gateway.cache, cache, metrics) as writer:
            for exchange in exchanges:
                writer.keep(lookup, exchange)

    asyncio.run(keep())
    lines = generate_latest(metrics.registry).decode().splitlines()
    start = 'tierwatch_gateway_cache_stores_total{result="'
    found = [line.removeprefix(start).split('"} ') for line in lines if line.startswith(start)]
    return store.values, {result: float(count) for result, count in found}


def test_an_answer_is_kept_once_the_writer_is_left(tmp_path: Path) -> None:
    values, counts = kept(tmp_path, served("Paris."), store=StoreInMemory(takes_s=0.05))
    assert list(values) == [KEY.name]
    assert b'"content":"Paris."' in values[KEY.name]
    assert counts == {"stored": 1}


HIT = Lookup("hit", KEY, CachedAnswer("Paris.", "simple", "small-1", (1, 1), None))


@pytest.mark.parametrize("lookup", [OFF, HIT])
def test_nothing_is_kept_without_a_place_or_of_what_came_from_there(
    tmp_path: Path, lookup: Lookup
) -> None:
    assert kept(tmp_path, served("Paris."), lookup=lookup) == ({}, {})


def test_a_gateway_without_a_cache_keeps_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path, served("Paris."), cached=False) == ({}, {})


@pytest.mark.parametrize(
    ("content", "redact", "counted"),
    [
        ("x" * 1_025, lambda text: text, "too_long"),
        ("x" * 1_000, lambda text: text, "too_long"),  # with what is kept beside it
        ("my key", lambda text: text.replace("key", "[KEY]"), "withheld"),
        ("fine", lambda text: text[100], "failed"),
    ],
)
def test_answers_that_are_not_kept_are_counted(
    tmp_path: Path, content: str, redact: Callable[[str], str], counted: str
) -> None:
    assert kept(tmp_path, served(content), redact=redact) == ({}, {counted: 1})


@pytest.mark.parametrize("why", ["away", "slow", "failed"])
def test_a_store_that_is_not_there_costs_the_answer(tmp_path: Path, why: Any) -> None:
    assert kept(tmp_path, served("Paris."), store=StoreInMemory(absent=why)) == ({}, {why: 1})


def test_no_more_than_64_wait(tmp_path: Path) -> None:
    exchanges = [served("Paris.")] * 70
    _, counts = kept(tmp_path, *exchanges, store=StoreInMemory(takes_s=0.05))
    assert counts == {"stored": 64, "dropped": 6}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 502},
        {"finished": False},
        {"kept": False},
        {"finish_reason": "length"},
        {"answer": None},
        {"served_tier": "complex"},  # a tier above took over
        {"decision": decision(reason="classifier_failed:timeout")},
        {"answer": {"role": "assistant", "content": "  "}},
        {"answer": {"role": "assistant", "content": None}},
        {"answer": {"role": "assistant", "content": [{"type": "text", "text": "a"}]}},
        {"answer": {"role": "assistant", "content": "a", "tool_calls": [{}]}},
        {"answer": {"role": "assistant", "content": "a", "annotations": [{}]}},
    ],
)
def test_what_is_not_to_be_given_again(changes: dict[str, Any]) -> None:
    assert keepable_text(served(**changes)) is None


def test_fields_that_say_nothing_do_not_matter() -> None:
    message = {"role": "assistant", "content": "a", "refusal": None, "annotations": []}
    assert keepable_text(served(answer=message)) == "a"

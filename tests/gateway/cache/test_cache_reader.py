"""What becomes of a look, with a store that a test decides about."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from factories.config import load
from factories.gateway_values import asked
from factories.served_exchanges import served
from fakes.cache_store import StoreInMemory
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.cache.cache_entry import write_entry
from tierwatch.gateway.cache.cache_reader import CacheReader
from tierwatch.gateway.cache.lookup import OFF, Lookup
from tierwatch.gateway.metrics import GatewayMetrics

CONFIG = """
routing:
  tiers:
    simple: {{model: {model}, cost: 1, provider: lab}}
    complex: {{model: large-1, cost: 10, provider: lab}}
providers: {{lab: {{kind: openai, base_url: "http://lab/v1"}}}}
gateway: {{cache: {{mode: exact, budget_ms: {budget_ms}}}}}
"""


class Looks:
    """A reader over a store in memory, and what it counts."""

    def __init__(
        self, folder: Path, store: Any, *, model: str = "small-1", budget_ms: float = 1_000
    ) -> None:
        config = load(folder, CONFIG.format(model=model, budget_ms=budget_ms))
        self._metrics = GatewayMetrics(CollectorRegistry())
        self._reader = CacheReader(config, store, self._metrics)

    def look(self, **fields: Any) -> Lookup:
        return asyncio.run(self._reader.look_up(asked(**{"temperature": 0, **fields})))

    def counted(self) -> list[str]:
        page = generate_latest(self._metrics.registry).decode().splitlines()
        return [line for line in page if line.startswith("tierwatch_gateway_cache_lookups_total{")]


def one(result: str) -> list[str]:
    return [f'tierwatch_gateway_cache_lookups_total{{result="{result}"}} 1.0']


def test_without_a_cache_nothing_is_looked_for(tmp_path: Path) -> None:
    looks = Looks(tmp_path, None)
    assert looks.look() is OFF
    assert looks.counted() == []


@pytest.mark.parametrize(
    "fields", [{"temperature": 1}, {"headers": {b"cache-control": b"no-store"}}, {"n": 2}]
)
def test_who_takes_no_part_asks_nobody(tmp_path: Path, fields: dict[str, Any]) -> None:
    store = StoreInMemory()
    looks = Looks(tmp_path, store)
    assert looks.look(**fields) is OFF
    assert (store.asked, looks.counted()) == ([], [])


def test_a_miss_says_where_the_answer_is_to_be_kept(tmp_path: Path) -> None:
    looks = Looks(tmp_path, StoreInMemory())
    lookup = looks.look()
    assert (lookup.status, lookup.answer) == ("miss", None)
    assert lookup.key is not None
    assert looks.counted() == one("miss")


def test_a_hit_is_counted_by_who_gives_it(tmp_path: Path) -> None:
    store = StoreInMemory()
    looks = Looks(tmp_path, store)
    key = looks.look().key
    assert key is not None
    store.values[key.name] = write_entry(key, "Paris.", served())
    lookup = looks.look()
    assert lookup.status == "hit"
    assert lookup.answer is not None
    assert lookup.answer.content == "Paris."
    assert looks.counted() == one("miss")


@pytest.mark.parametrize("why", ["away", "slow", "failed"])
def test_a_store_that_cannot_say_is_a_miss_with_its_reason(tmp_path: Path, why: Any) -> None:
    looks = Looks(tmp_path, StoreInMemory(absent=why))
    lookup = looks.look()
    assert (lookup.status, lookup.key is None) == ("miss", False)
    assert looks.counted() == one(why)


def test_an_entry_that_cannot_be_read_is_a_miss(tmp_path: Path) -> None:
    store = StoreInMemory()
    key = Looks(tmp_path, store).look().key
    assert key is not None
    store.values[key.name] = b"{"
    looks = Looks(tmp_path, store)
    assert looks.look().status == "miss"
    assert looks.counted() == one("unreadable")


def test_a_fresh_answer_is_asked_for_without_a_look(tmp_path: Path) -> None:
    store = StoreInMemory()
    looks = Looks(tmp_path, store)
    lookup = looks.look(headers={b"cache-control": b"no-cache"})
    assert (lookup.status, lookup.key is None, store.asked) == ("miss", False, [])
    assert looks.counted() == one("refresh")


def test_hashing_takes_from_the_budget(tmp_path: Path) -> None:
    store = StoreInMemory()
    Looks(tmp_path, store, budget_ms=500).look()
    assert 0.3 < store.asked[0] < 0.5
    looks = Looks(tmp_path, store, budget_ms=0.000_001)
    assert looks.look().status == "miss"
    assert looks.counted() == one("slow")
    assert len(store.asked) == 1


def test_other_models_and_callers_have_other_keys(tmp_path: Path) -> None:
    keys = [
        Looks(tmp_path, StoreInMemory()).look().key,
        Looks(tmp_path, StoreInMemory(), model="small-2").look().key,
        Looks(tmp_path, StoreInMemory()).look(key=b"another").key,
    ]
    assert len({key.name for key in keys if key is not None}) == 3

"""Ordinary stops of workers and the scheduler at work: claims are finished or given back."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import redis
from factories.gateway_config import three_tiers
from factories.processes import process, seconds_until_ended, url_of
from factories.rows import add_exchange
from fakes.provider import OPENAI_REPLY, FakeProvider, Received, json_reply
from fakes.waiting import until
from sqlalchemy import Engine, text

from tierwatch.dispatch import CeleryDispatch
from tierwatch.settings import Settings, read_settings

pytestmark = pytest.mark.slow

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
PAIRS = 40
START_S = 60.0
# Claims whose step is not done, though their worker is gone.
HELD = """
    select count(*) from claims c join exchanges e on e.id = c.exchange_id
    where e.ended_at is null and c.until > now()
      and not (c.step = 'shadow'
               and exists (select 1 from alternatives a where a.exchange_id = e.id))
"""


async def soon(writer: asyncio.StreamWriter, request: Received) -> None:
    """A model that thinks for a while."""
    await asyncio.sleep(0.3)
    await json_reply(OPENAI_REPLY)(writer, request)


async def never(writer: asyncio.StreamWriter, request: Received) -> None:
    """A model that thinks for longer than any stop."""
    del writer, request
    await asyncio.sleep(40)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("openai", soon).running() as running:
        yield running


@dataclass
class Site:
    """What workers work on."""

    settings: Settings
    engine: Engine
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "worker.log"

    def count(self, query: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one() or 0)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        with process("worker", settings=self.settings, log=self.log) as running:
            yield running

    @property
    def ended(self) -> int:
        return self.count("select count(*) from exchanges where ended_at is not null")


@pytest.fixture
def site(engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider) -> Site:
    file = tmp_path / "tierwatch.yaml"
    judge = f"{{kind: pairwise, model: judge-1, provider: p{provider.port}, orders: one}}"
    file.write_text(three_tiers(provider, timeout_s=60) + f"\nevaluation: {{judge: {judge}}}\n")
    own_redis = redis_url.removesuffix("/0") + "/5"
    with redis.Redis.from_url(own_redis) as client:
        client.flushdb()
    settings = replace(
        read_settings({}),
        config=file,
        data_dir=tmp_path / "data",
        database_url=url_of(engine),
        redis_url=own_redis,
        worker_threads=6,
    )
    dispatch = CeleryDispatch(own_redis)
    with engine.begin() as connection:
        exchanges = [add_exchange(connection, number) for number in range(PAIRS)]
    for exchange_id in exchanges:
        assert dispatch.shadow_exchange(exchange_id)
    return Site(settings, engine, tmp_path)


@pytest.mark.parametrize("how", SIGNALS)
def test_a_worker_that_is_stopped_finishes_what_it_has_begun(
    how: signal.Signals, site: Site, provider: FakeProvider
) -> None:
    with site.worker() as worker:
        until(lambda: len(provider.received) > 12, START_S)
        worker.send_signal(how)
        seconds_until_ended(worker, within_s=20)
    assert worker.returncode == 0, site.log.read_text()
    # Whatever it had asked for was kept.
    assert site.count("select count(*) from alternatives") == len(provider.received)
    assert site.ended < PAIRS
    assert site.count(HELD) == 0
    _finish(site)
    answered = "select count(*) from attempts where step = 'shadow' and error = ''"
    assert site.count(answered) == PAIRS


def _finish(site: Site) -> None:
    """The messages are still there: another worker ends everything, without a sweep."""
    with site.worker() as worker:
        until(lambda: site.ended == PAIRS or worker.poll() is not None, START_S)
        worker.send_signal(signal.SIGTERM)
        seconds_until_ended(worker, within_s=20)
    assert site.ended == PAIRS, site.log.read_text()
    assert site.count("select count(*) from verdicts") == PAIRS


@pytest.mark.parametrize("why", ["asked again", "out of time"])
def test_tasks_that_do_not_end_give_their_claims_back(
    why: str, site: Site, provider: FakeProvider
) -> None:
    """Out of time, or asked again; the claims would hold for five minutes otherwise."""
    provider.usual = never
    if why == "out of time":
        site.settings = replace(site.settings, stop_within_s=1.0)
    with site.worker() as worker:
        until(lambda: len(provider.received) == 6, START_S)
        assert site.count(HELD) == 6
        worker.send_signal(signal.SIGTERM)
        if why == "asked again":
            time.sleep(0.5)
            worker.send_signal(signal.SIGTERM)
        seconds_until_ended(worker, within_s=15)
    assert worker.returncode == 0, site.log.read_text()
    assert site.count(HELD) == 0
    provider.usual = soon
    _finish(site)


@pytest.mark.parametrize("how", SIGNALS)
def test_the_scheduler_ends_at_once(how: signal.Signals, site: Site) -> None:
    settings = replace(site.settings, sweep_every_s=0.2, observe_every_s=0.2)
    with process("beat", settings=settings, log=site.log) as beat:
        client = redis.Redis.from_url(site.settings.redis_url)
        sent = client.llen("tierwatch")
        until(lambda: client.llen("tierwatch") > sent, START_S)
        client.close()
        beat.send_signal(how)
        seconds_until_ended(beat, within_s=10)
    assert beat.returncode == 0, site.log.read_text()

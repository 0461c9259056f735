"""Ordinary stops of real processes under load: whatever was served is stored, and the exit is 0."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from factories.gateway_config import three_tiers
from factories.processes import process, seconds_until_ended, until_ready, url_of
from fakes.callers import Callers
from fakes.provider import (
    OPENAI_REPLY,
    FakeProvider,
    Received,
    json_reply,
    openai_chunks,
    stream_reply,
)
from fakes.waiting import until
from sqlalchemy import Engine, text

from tierwatch.local import free_port
from tierwatch.settings import Settings, read_settings

SIGNALS = [
    signal.SIGTERM,
    pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
]
STREAM_S = 1.0


async def reply_in_kind(writer: asyncio.StreamWriter, request: Received) -> None:
    """A whole reply at once, or a stream of ten events over a second."""
    if not request.json.get("stream"):
        await asyncio.sleep(0.02)
        await json_reply(OPENAI_REPLY)(writer, request)
        return
    events = openai_chunks(*"abcdefgh")
    paused = [part for event in events for part in (event, STREAM_S / len(events))]
    await stream_reply(*paused)(writer, request)


async def slowly(writer: asyncio.StreamWriter, request: Received) -> None:
    """A stream that takes longer than any stop."""
    await stream_reply(*(part for event in openai_chunks(*"ab") for part in (event, 20.0)))(
        writer, request
    )


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("openai", reply_in_kind).running() as running:
        yield running


@dataclass
class Gateway:
    """A gateway's process."""

    running: subprocess.Popen[bytes]
    settings: Settings
    url: str
    log: Path
    engine: Engine

    def stop(self, how: signal.Signals, *, within_s: float = 20) -> float:
        self.running.send_signal(how)
        return seconds_until_ended(self.running, within_s=within_s)

    def count(self, query: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one() or 0)

    @property
    def stored(self) -> int:
        # What is compared with the top tier as well has a row of its own.
        return self.count("select count(*) from exchanges where direction <> 'top'")

    @property
    def counted(self) -> int:
        return self.count("select sum(requests) from rollups")


@contextmanager
def gateway_process(
    engine: Engine, redis_url: str, folder: Path, provider: FakeProvider, **changes: object
) -> Iterator[Gateway]:
    file = folder / "tierwatch.yaml"
    file.write_text(
        three_tiers(provider, timeout_s=60) + "\nevaluation: {sample_rate: 1, probe_down_rate: 1}\n"
    )
    settings = replace(
        read_settings({}),
        config=file,
        data_dir=folder / "data",
        database_url=url_of(engine),
        redis_url=redis_url,
        gateway_port=free_port(),
        **changes,
    )
    log = folder / "gateway.log"
    with process("gateway", settings=settings, log=log) as running:
        url = f"http://127.0.0.1:{settings.gateway_port}"
        until_ready(running, f"{url}/readyz", log)
        yield Gateway(running, settings, url, log, engine)


@pytest.mark.parametrize("how", SIGNALS)
def test_a_gateway_that_is_stopped_under_load_loses_nothing(
    how: signal.Signals, engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with gateway_process(engine, redis_url, tmp_path, provider) as gateway:
        with Callers(gateway.url, whole=6, streams=4) as callers:
            until(lambda: callers.ended["whole"] > 30 and callers.begun > 4, 30)
            gateway.stop(how)
            # Nobody listens any more; who was taken has been answered.
        log = gateway.log.read_text()
        assert gateway.running.returncode == 0, log
        assert callers.failed == {}, log
        assert callers.ended["stream"] > 4
        assert gateway.stored == callers.served
        assert gateway.counted == callers.served


@pytest.mark.slow
@pytest.mark.parametrize("why", ["asked again", "out of time"])
def test_a_stream_that_does_not_end_is_cut_and_recorded_as_cut(
    why: str, engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    """Asked again, or out of time: what is left is cut, and flushed all the same."""
    provider.usual = slowly
    limit = {} if why == "asked again" else {"stop_within_s": 1.5}
    with (
        gateway_process(engine, redis_url, tmp_path, provider, **limit) as gateway,
        Callers(gateway.url, whole=0, streams=3) as callers,
    ):
        until(lambda: callers.begun == 3, 20)
        gateway.running.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            gateway.running.wait(1)
        if why == "asked again":
            gateway.running.send_signal(signal.SIGTERM)
        seconds_until_ended(gateway.running, within_s=15)
        callers.stop()
    log = gateway.log.read_text()
    assert gateway.running.returncode == 0, log
    assert callers.ended["cut"] == 3
    assert (gateway.counted, gateway.stored) == (3, 0)
    assert gateway.count("select sum(requests - finished) from rollups") == 3


@pytest.mark.slow
def test_a_redis_that_says_nothing_does_not_hold_up_the_stop(
    engine: Engine, tmp_path: Path, provider: FakeProvider
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with (
            gateway_process(engine, silent_url, tmp_path, provider) as gateway,
            Callers(gateway.url, whole=3, streams=0) as callers,
        ):
            until(lambda: callers.ended["whole"] > 5, 20)
            gateway.running.send_signal(signal.SIGTERM)
            seconds_until_ended(gateway.running, within_s=20)
            callers.stop()
            assert gateway.running.returncode == 0, gateway.log.read_text()
            assert gateway.stored == callers.served
            assert callers.failed == {}

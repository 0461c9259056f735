"""One gateway in several processes: renewed under load, killed, ended; no caller is failed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from end_to_end.test_stops import Gateway, reply_in_kind
from factories.gateway_config import three_tiers
from factories.processes import process, seconds_until_ended, until_ready, url_of
from fakes.callers import Callers
from fakes.provider import FakeProvider
from fakes.waiting import until
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from tierwatch.local import free_port
from tierwatch.settings import read_settings

ROUNDS = 3


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("openai", reply_in_kind).running() as running:
        yield running


@contextmanager
def processes(
    count: int, engine: Engine, redis_url: str, folder: Path, provider: FakeProvider
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
    )
    log = folder / "gateway.log"
    with process("gateway", "--processes", str(count), settings=settings, log=log) as running:
        url = f"http://127.0.0.1:{settings.gateway_port}"
        try:
            until(lambda: running.poll() is not None or "processes serve" in log.read_text(), 60)
            until_ready(running, f"{url}/readyz", log)
            yield Gateway(running, settings, url, log, engine)
        finally:
            for child in psutil.Process(running.pid).children() if running.poll() is None else []:
                child.kill()


def pids(gateway: Gateway) -> set[int]:
    return {child.pid for child in psutil.Process(gateway.running.pid).children()}


def requests_counted(gateway: Gateway) -> dict[str, float]:
    """By process, in one scrape."""
    page = httpx.get(f"{gateway.url}/metrics").text
    counted: dict[str, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == "tierwatch_gateway_requests_total":
                name = sample.labels["process"]
                counted[name] = counted.get(name, 0) + sample.value
    return counted


def test_rolling_restarts_under_load_fail_no_request(
    engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with processes(2, engine, redis_url, tmp_path, provider) as gateway:
        with Callers(gateway.url, whole=8, streams=4) as callers:
            until(lambda: callers.ended["whole"] > 30, 30)
            for number in range(1, ROUNDS + 1):
                before = pids(gateway)
                gateway.running.send_signal(signal.SIGHUP)
                until(lambda n=number: gateway.log.read_text().count("are renewed") == n, 90)
                until(lambda b=before: not b & pids(gateway), 30)
            served = callers.served
            until(lambda: callers.served > served + 20, 20)
        log = gateway.log.read_text()
        assert callers.failed == {}, log
        assert callers.ended["refused"] == 0, log
        gateway.stop(signal.SIGTERM, within_s=40)
        assert gateway.running.returncode == 0, log
        assert gateway.counted == callers.served
        assert gateway.stored == callers.served


@pytest.mark.slow
def test_any_process_shows_the_metrics_and_the_readiness_of_all(
    engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with processes(3, engine, redis_url, tmp_path, provider) as gateway:
        with Callers(gateway.url, whole=30, streams=0) as callers:
            until(lambda: callers.served > 200, 30)
        counted = requests_counted(gateway)
        assert set(counted) == {"0", "1", "2"}
        assert sum(counted.values()) == callers.served
        for _ in range(5):  # whichever is hit
            assert requests_counted(gateway) == counted
        ready = httpx.get(f"{gateway.url}/readyz").json()
        assert ready["status"] == "ready"
        assert {one["status"] for one in ready["processes"].values()} == {"ready"}
        assert set(ready["processes"]) == {"0", "1", "2"}


@pytest.mark.slow
def test_a_process_that_is_killed_is_replaced_and_who_waits_is_served(
    engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with processes(2, engine, redis_url, tmp_path, provider) as gateway:
        (victim, *_) = pids(gateway)
        with Callers(gateway.url, whole=6, streams=0) as callers:
            until(lambda: callers.served > 20, 30)
            psutil.Process(victim).kill()
            until(lambda: victim not in pids(gateway) and len(pids(gateway)) == 2, 30)
            until(lambda: len(httpx.get(f"{gateway.url}/readyz").json()["processes"]) == 2, 60)
        # Only what the killed one was just serving, one request a connection.
        assert sum(callers.failed.values()) <= 6
        assert callers.ended["refused"] == 0


@pytest.mark.slow
def test_a_file_that_is_not_accepted_leaves_all_as_it_is(
    engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with processes(2, engine, redis_url, tmp_path, provider) as gateway:
        before = pids(gateway)
        good = gateway.settings.config.read_text()
        gateway.settings.config.write_text(good.replace("cost: 15", "cost: cheap"))
        gateway.running.send_signal(signal.SIGHUP)
        until(lambda: "the file is not accepted" in gateway.log.read_text(), 20)
        assert "routing.tiers.complex.cost" in gateway.log.read_text()
        assert pids(gateway) == before
        assert httpx.get(f"{gateway.url}/readyz").status_code == 200


@pytest.mark.slow
def test_processes_end_when_their_supervisor_is_killed(
    engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with processes(2, engine, redis_url, tmp_path, provider) as gateway:
        children = pids(gateway)
        gateway.running.kill()
        seconds_until_ended(gateway.running, within_s=5)
        until(lambda: not any(psutil.pid_exists(pid) for pid in children), 30)


@pytest.mark.slow
def test_a_port_that_is_taken_ends_it_with_a_sentence(
    engine: Engine, redis_url: str, tmp_path: Path, provider: FakeProvider
) -> None:
    with processes(1, engine, redis_url, tmp_path, provider) as gateway:
        log = tmp_path / "second.log"
        with process("gateway", "--processes", "2", settings=gateway.settings, log=log) as second:
            seconds_until_ended(second, within_s=30)
        assert second.returncode == 1
        assert "cannot listen on 127.0.0.1" in log.read_text()

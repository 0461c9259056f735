"""A whole tierwatch behind fault proxies: two gateways, a worker, beat, dashboard, both servers.

Every process reaches Postgres, the broker, the cache, the provider and the judge through a proxy
of its own kind, so that each can be made to fail alone and in more ways than dying.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import yaml
from fakes.fault_proxy import FaultProxy
from sqlalchemy import Connection, Engine, make_url, text

from tierwatch.command.launch.processes import recorded_process, stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.config import Config, load_config
from tierwatch.local import Process, Stack, free_port
from tierwatch.loop.report.build import build_report
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

DEMO = Path(__file__).parents[2] / "evalsets" / "demo"
TRAFFIC = DEMO / "items.jsonl"
PROXIED = ("postgres", "broker", "cache", "provider", "judge")
GATEWAYS = ("gateway-1", "gateway-2")
OURS = (*GATEWAYS, "worker", "beat", "dashboard")

# A quarter of the traffic is judged: at 30 requests/s some 15 model calls a second, which two busy
# cores can do beside the load, so that a backlog is the fault's and not the machine's.
SAMPLE_RATE = 0.25


@dataclass(frozen=True, slots=True)
class World:
    """Everything that runs."""

    stack: Stack
    proxies: Mapping[str, FaultProxy]
    engine: Engine
    config: Config
    settings: Settings
    gateways: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """The report, read past the proxies."""
        with self.engine.connect() as connection:
            return dict(
                build_report(
                    connection.execution_options(isolation_level="REPEATABLE READ"), self.config
                )
            )

    def count(self, query: str) -> int:
        """The one number a query gives."""
        with self.engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one() or 0)

    def connect(self) -> Connection:
        """A connection past the proxies."""
        return self.engine.connect()

    def send_signal(self, name: str, number: int) -> None:
        """Signal one of our processes."""
        pid = self.stack.pid(name)
        assert pid is not None, f"{name} is down"
        os.kill(pid, number)

    def rss_mb(self) -> dict[str, float]:
        """Resident memory of each process of ours that runs, children included."""
        found = {}
        for name in OURS:
            pid = self.stack.pid(name)
            if pid is None:
                continue
            try:
                whole = psutil.Process(pid)
                family = [whole, *whole.children(recursive=True)]
                found[name] = sum(one.memory_info().rss for one in family) / 2**20
            except psutil.NoSuchProcess:
                continue
        return found

    def descriptors(self) -> dict[str, int]:
        """Open descriptors of each process of ours that runs."""
        return {
            name: psutil.Process(pid).num_fds()
            for name in OURS
            if (pid := self.stack.pid(name)) is not None
        }


@contextmanager
def running_world(folder: Path, **changes: Any) -> Iterator[World]:
    """Start everything; stop and delete it at the end.

    Args:
        folder: of its state.
        changes: settings that differ.
    """
    environ = without_settings(os.environ)
    with ExitStack() as held:
        stack = held.enter_context(Stack(folder, say=lambda _: None, environ=environ))
        held.callback(stack.discard)
        direct = stack.start_postgres()
        broker = stack.start_redis()
        recorded = free_port()
        targets = {
            "postgres": make_url(direct).port,
            "broker": make_url(broker).port,
            "cache": make_url(broker).port,
            "provider": recorded,
            "judge": recorded,
        }
        proxies = {
            name: held.enter_context(FaultProxy(port))
            for name, port in targets.items()
            if port is not None
        }
        settings = Settings(
            database_url=_through(direct, proxies["postgres"]),
            redis_url=_through(broker, proxies["broker"]),
            cache_url=_through(broker, proxies["cache"]),
            data_dir=folder,
            config=_write_config(folder, proxies, recorded),
            secret_key="chaos " * 8,
            gateway_port=free_port(),
            dashboard_port=free_port(),
            worker_threads=16,
            observe_every_s=1,
            conversation_idle_s=2,
            sweep_every_s=2,
            sweep_after_s=5,
            claim_s=15,  # nobody here answers later, so an older claim is a dead worker's
            retune_every_s=3600,
            rollout_every_s=2,
            anchors_every_s=0,
            probes_every_s=0,
            types_every_s=0,
            log_level="warning",
        )
        settings = replace(settings, **changes)
        config = load_config(settings.config)
        prepare_database(replace(settings, database_url=direct), config)
        stack.start(recorded_process(settings, TRAFFIC, recorded))
        gateways = _start_processes(stack, settings)
        engine = build_engine(direct)
        held.callback(engine.dispose)
        yield World(stack, proxies, engine, config, settings, gateways)


def _start_processes(stack: Stack, settings: Settings) -> tuple[str, ...]:
    """Start two gateways and the rest; where the gateways listen."""
    second = replace(settings, gateway_port=free_port())
    for process in stack_processes(settings):
        if process.name != "gateway":
            stack.start(process)
            continue
        stack.start(_named(process, GATEWAYS[0]))
        again = next(one for one in stack_processes(second) if one.name == "gateway")
        stack.start(_named(again, GATEWAYS[1]))
    return tuple(f"http://127.0.0.1:{one.gateway_port}" for one in (settings, second))


def _named(process: Process, name: str) -> Process:
    return replace(process, name=name)


def _through(url: str, proxy: FaultProxy) -> str:
    return make_url(url).set(port=proxy.port).render_as_string(hide_password=False)


def _write_config(folder: Path, proxies: Mapping[str, FaultProxy], recorded: int) -> Path:
    """Each tier has a deployment behind the proxy and one that is always well."""
    document = yaml.safe_load((DEMO / "tierwatch.yaml").read_text())
    document["routing"]["classifier"] = {"kind": "heuristic"}
    for tier in document["routing"]["tiers"].values():
        tier["providers"] = [{"provider": "faulty"}, {"provider": "well"}]

    def at(port: int) -> dict[str, Any]:
        return {"kind": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "timeout": "3s"}

    document["providers"] = {
        "faulty": at(proxies["provider"].port),
        "well": at(recorded),
        "judged": at(proxies["judge"].port),
    }
    evaluation = document["evaluation"]
    evaluation["sample_rate"] = SAMPLE_RATE
    evaluation.pop("probe_down_rate")
    evaluation["judge"] = {**evaluation["judge"], "orders": "one", "provider": "judged"}
    evaluation["retune"] = {"mode": "off"}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tierwatch.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def wait_for(what: str, ready: Any, *, within_s: float, stack: Stack | None = None) -> float:
    """Wait until ``ready()``; seconds it took.

    Raises:
        AssertionError: it was not within ``within_s``.
    """
    began = time.monotonic()
    while not ready():
        if stack is not None:
            stack.tick()
        waited = time.monotonic() - began
        assert waited < within_s, f"{what}: not within {within_s:.0f} s"
        time.sleep(0.25)
    return time.monotonic() - began


STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

"""Where a fleet saturates: the real capture, store and loop code against a real Postgres.

Time is accelerated: a simulated gateway records a second's requests at once and flushes them, as
fast as Postgres takes them; 2 x means that this machine could carry twice that traffic. Model calls
and broker are left out, so that what is measured is ours: rows, locks, and the processor time of
Postgres and of each part. Prints the tables of docs/operate.md, and JSON with ``--json``.

    python benchmarks/scale.py [--gateways 1,4,16] [--rates 100,1000,10000] [--workers 1,8,40]
                               [--pairs 2000] [--requests 100000000] [--seconds 30] [--json FILE]
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from tierwatch.command.launch.processes import without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.config import Config, load_config
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.judges.verdict import Question, Verdict
from tierwatch.local import Stack
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder
from tierwatch.loop.capture.exchange import ServedExchange, new_exchange_id
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.report.build import build_report
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.providers.completion import Completion
from tierwatch.routing.decision import Decision
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

DEMO = Path(__file__).parent.parent / "evalsets" / "demo" / "tierwatch.yaml"
SAMPLE_RATE = 0.05
# Text of a request and of an answer, in characters: some 500 tokens and some 150.
PROMPT = "Which of these accounts were opened before the merger, and by whom? " * 30
ANSWER = "The account 4711 was opened on the third of March by the branch in Bern. " * 8


class Nowhere:
    """Takes what would be sent to the broker."""

    def __getattr__(self, _: str) -> object:
        return lambda *_args, **_given: True


class AtOnce:
    """A provider and a judge that answer without a pause."""

    version = "bench/1"

    def complete(self, provider: str, request: dict[str, object]) -> Completion:
        """The same answer to everything."""
        del provider, request
        return COMPLETION

    def judge(self, question: Question, served: object, alternative: object) -> Verdict:
        """A tie, always: one verdict costs what another does."""
        del question, served, alternative
        return VERDICT


COMPLETION = Completion(
    message={"role": "assistant", "content": ANSWER[::-1]},
    model="claude-sonnet-4-6",
    finish_reason="stop",
    raw={},
    prompt_tokens=500,
    completion_tokens=150,
    latency_ms=900.0,
)
VERDICT = Verdict(
    judge_version=AtOnce.version,
    preferred="tie",
    basis="judge",
    reason="Both name the branch.",
    unscored_why="",
    orders=(),
    cost_usd=0.001,
    calls=1,
    latency_ms=700.0,
)


def exchange(number: int, at: float) -> ServedExchange:
    """One of many: three tiers, confidences over the whole range."""
    tier = ("simple", "standard", "complex")[number % 7 % 3]
    confidence = (number * 37 % 100) / 100
    return ServedExchange(
        exchange_id=new_exchange_id(at),
        arrived_at=at,
        session=f"s{number // 4}",
        request={"model": "auto", "messages": [{"role": "user", "content": f"{number} {PROMPT}"}]},
        decision=Decision(
            tier=tier,
            model="claude-haiku-4-5",
            confidence=confidence,
            threshold=0.7,
            label=tier,
            escalated=False,
            task_type="all",
            policy_version=1,
            reason="kept",
        ),
        served_tier=tier,
        served_model="claude-haiku-4-5",
        provider="recorded",
        attempts=(),
        status=200,
        answer={"role": "assistant", "content": ANSWER},
        finish_reason="stop",
        finished=True,
        prompt_tokens=500,
        completion_tokens=150,
        tokens_estimated=False,
        cost_usd=0.0004,
        latency_ms=900.0,
        first_byte_ms=300.0,
        overhead_ms=0.3,
    )


@dataclass(frozen=True, slots=True)
class Flushed:
    """What one simulated gateway did."""

    real_s: float
    cpu_s: float
    flushes_s: list[float]


def gateway(url: str, folder: str, number: int, per_s: float, seconds: int) -> Flushed:
    """Record and flush ``seconds`` of traffic as fast as they are taken."""
    engine = build_engine(url)
    config = load_config(DEMO)
    recorder = CaptureRecorder(
        engine=engine,
        dispatch=Nowhere(),  # type: ignore[arg-type]
        tiers=config.tiers,
        plan=SamplingPlan(SAMPLE_RATE),
        budget_usd_per_day=None,
        redact=redact,
        spools=SpoolFolder(Path(folder), name=f"{number}", max_bytes=100_000_000, port=number),
        letters=DeadLetters(Path(folder), max_bytes=1_000_000),
        buffer=1_000_000,
    )
    recorder.flush()
    each: list[float] = []
    start, base, cpu = time.perf_counter(), 1_780_000_000.0, time.process_time()
    due = 0.0
    for second in range(seconds):
        due += per_s
        while due >= 1:
            due -= 1
            recorder.record(exchange(int(second * per_s + due), base + second))
        began = time.perf_counter()
        recorder.flush()
        each.append(time.perf_counter() - began)
    found = Flushed(time.perf_counter() - start, time.process_time() - cpu, each)
    engine.dispose()
    return found


@dataclass(frozen=True, slots=True)
class CaptureLine:
    """A fleet's capture: ``times_real`` is how many seconds of traffic a second took in."""

    gateways: int
    requests_per_s: int
    times_real: float
    flush_p50_ms: float
    flush_p99_ms: float
    postgres_cpu_share: float
    gateway_cpu_us_a_request: float
    waiting_for_locks: float


@dataclass(frozen=True, slots=True)
class WorkLine:
    """Workers that shadow and judge without waiting for a model."""

    workers: int
    pairs_per_s: float
    postgres_cpu_ms_a_pair: float
    worker_cpu_ms_a_pair: float
    waiting_for_locks: float


class PostgresWatch:
    """Processor time of Postgres, and how many sessions wait for locks meanwhile."""

    def __init__(self, engine: Engine, pid: int) -> None:
        self._engine, self._process = engine, psutil.Process(pid)
        self._ended = threading.Event()
        self._looks: list[int] = []
        self.cpu_s = 0.0
        self.waiting = 0.0

    def _cpu(self) -> float:
        found = 0.0
        for one in (self._process, *self._process.children(recursive=True)):
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            found += times.user + times.system
            if one == self._process:  # of sessions that have ended meanwhile
                found += times.children_user + times.children_system
        return found

    def _look(self) -> None:
        query = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as server:
            while not self._ended.wait(0.05):
                self._looks.append(server.execute(query).scalar_one())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measure what happens inside."""
        looking = threading.Thread(target=self._look)
        before = self._cpu()
        looking.start()
        try:
            yield
        finally:
            self.cpu_s = self._cpu() - before
            self._ended.set()
            looking.join()
            self.waiting = sum(self._looks) / max(1, len(self._looks))


def capture_line(
    url: str, folder: Path, watch: PostgresWatch, *, gateways: int, rate: int, seconds: int
) -> CaptureLine:
    """Run one fleet at one rate."""
    spawn = multiprocessing.get_context("spawn")
    with watch.watching(), ProcessPoolExecutor(gateways, mp_context=spawn) as pool:
        running = [
            pool.submit(gateway, url, str(folder), one, rate / gateways, seconds)
            for one in range(gateways)
        ]
        found = [one.result() for one in running]
    real_s = max(one.real_s for one in found)
    each = sorted(s for one in found for s in one.flushes_s)
    return CaptureLine(
        gateways=gateways,
        requests_per_s=rate,
        times_real=seconds / real_s,
        flush_p50_ms=1e3 * each[len(each) // 2],
        flush_p99_ms=1e3 * each[int(len(each) * 0.99)],
        postgres_cpu_share=watch.cpu_s / real_s,
        gateway_cpu_us_a_request=1e6 * sum(one.cpu_s for one in found) / (rate * seconds),
        waiting_for_locks=watch.waiting,
    )


def worker(url: str, ids: list[str], threads: int) -> tuple[float, float]:
    """Shadow and judge exchanges; real and processor seconds."""
    engine = build_engine(url)
    fake, config = AtOnce(), load_config(DEMO)
    tiers = {tier.name: tier for tier in config.tiers}

    def pair(exchange_id: str) -> None:
        shadow_exchange(
            uuid.UUID(exchange_id),
            engine=engine,
            client=fake,
            tiers=tiers,
            dispatch=Nowhere(),  # type: ignore[arg-type]
            redact=redact,
            hold_s=300,
        )
        judge_exchange(
            uuid.UUID(exchange_id),
            engine=engine,
            judge=fake,  # type: ignore[arg-type]
            dispatch=Nowhere(),  # type: ignore[arg-type]
            hold_s=300,
        )

    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(pair, ids):
            pass
    spent = time.perf_counter() - start, time.process_time() - cpu
    engine.dispose()
    return spent


def work_line(url: str, engine: Engine, watch: PostgresWatch, workers: int, pairs: int) -> WorkLine:
    """Have ``pairs`` pending exchanges worked off."""
    query = text("select id::text from exchanges where ended_at is null order by id limit :pairs")
    with engine.connect() as connection:
        ids = list(connection.execute(query, {"pairs": pairs}).scalars())
    processes = min(workers, 8)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        list(pool.map(abs, range(processes)))  # started
        with watch.watching():
            running = [
                pool.submit(worker, url, ids[one::processes], -(-workers // processes))
                for one in range(processes)
            ]
            found = [one.result() for one in running]
    real_s = max(real for real, _ in found)
    return WorkLine(
        workers=workers,
        pairs_per_s=len(ids) / real_s,
        postgres_cpu_ms_a_pair=1e3 * watch.cpu_s / len(ids),
        worker_cpu_ms_a_pair=1e3 * sum(cpu for _, cpu in found) / len(ids),
        waiting_for_locks=watch.waiting,
    )


def observe_rate(engine: Engine, config: Config) -> float:
    """Outcomes a second that one observer takes in."""
    rules = MonitorRules(
        tolerance={"simple": 0.05, "standard": 0.05},
        level=1e7,
        max_weight=1.0 / SAMPLE_RATE,
        min_pairs=30,
        conversation_idle_s=0.0,
    )
    del config
    began = time.perf_counter()
    taken = observe(engine=engine, rules=rules)
    return taken / (time.perf_counter() - began)


# 150 keys a minute, 40 requests each: 100 requests/s. Every other figure of a row is 1.
_ROLLUPS = """
insert into rollups (minute, tier, task_type, bin, policy_version, requests, {names})
select date_trunc('minute', now()) - make_interval(mins => m), tier, 'type-' || t, bin, 1, 40,
       {ones}
from generate_series(1, :minutes) m, unnest(array['simple', 'standard', 'complex']) tier,
     generate_series(1, 5) t, generate_series(0, 9) bin
"""


def report_seconds(engine: Engine, config: Config, requests: int) -> tuple[int, float, float]:
    """Rows of rollups worth ``requests``, and seconds of a report, the first and a later one."""
    minutes = requests // (100 * 60)  # 100 requests/s: 12 days for 100 million
    with engine.begin() as connection:
        connection.execute(text("truncate rollups"))
        columns = [
            row[0]
            for row in connection.execute(
                text(
                    "select column_name from information_schema.columns where table_name ="
                    " 'rollups' and column_name not in"
                    " ('minute', 'tier', 'task_type', 'bin', 'policy_version', 'requests')"
                )
            )
        ]
        names = ", ".join(columns)
        ones = ", ".join("1" for _ in columns)
        connection.execute(text(_ROLLUPS.format(names=names, ones=ones)), {"minutes": minutes})
        rows = connection.execute(text("select count(*) from rollups")).scalar_one()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as server:
        server.execute(text("vacuum analyze rollups"))
    spent = []
    for _ in range(2):
        with engine.connect() as connection:
            began = time.perf_counter()
            build_report(connection.execution_options(isolation_level="REPEATABLE READ"), config)
            spent.append(time.perf_counter() - began)
    return rows, spent[0], spent[1]


def numbers(given: str) -> list[int]:
    """`1,4,16`."""
    return [int(one) for one in given.split(",")]


def main() -> None:
    """Run it once and print the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--gateways", type=numbers, default=[1, 4, 16])
    options.add_argument("--rates", type=numbers, default=[100, 1_000, 10_000])
    options.add_argument("--workers", type=numbers, default=[1, 8, 40])
    options.add_argument("--pairs", type=int, default=2_000)
    options.add_argument("--requests", type=int, default=100_000_000)
    options.add_argument("--seconds", type=int, default=30)
    options.add_argument("--json", type=Path)
    asked = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        Stack(Path(name), say=lambda _: None, environ=without_settings(os.environ)) as stack,
    ):
        url = stack.start_postgres()
        settings = replace(Settings(), database_url=url, config=DEMO, data_dir=Path(name))
        config = load_config(DEMO)
        prepare_database(settings, config)
        engine = create_engine(url, poolclass=NullPool)
        pid = stack.pid("postgres")
        if pid is None:
            raise SystemExit("Postgres is down")
        folder = Path(name) / "spool"
        folder.mkdir()
        found: dict[str, object] = {"cores": os.cpu_count(), "sample_rate": SAMPLE_RATE}
        print(
            "| gateways | requests/s | times real time | flush p50 ms | p99 ms |"
            " Postgres CPU, cores | gateway CPU us a request | sessions waiting for a lock |"
        )
        print("|" + "---|" * 8)
        lines = []
        for gateways in asked.gateways:
            for rate in asked.rates:
                watch = PostgresWatch(engine, pid)
                line = capture_line(
                    url, folder, watch, gateways=gateways, rate=rate, seconds=asked.seconds
                )
                lines.append(asdict(line))
                print(
                    f"| {line.gateways} | {line.requests_per_s:,} | {line.times_real:.2f} |"
                    f" {line.flush_p50_ms:.0f} | {line.flush_p99_ms:.0f} |"
                    f" {line.postgres_cpu_share:.2f} | {line.gateway_cpu_us_a_request:.0f} |"
                    f" {line.waiting_for_locks:.2f} |",
                    flush=True,
                )
        found["capture"] = lines
        print(
            "\n| worker threads | pairs/s | Postgres CPU ms a pair | worker CPU ms a pair |"
            " sessions waiting for a lock |"
        )
        print("|" + "---|" * 5)
        works = []
        for workers in asked.workers:
            watch = PostgresWatch(engine, pid)
            work = work_line(url, engine, watch, workers, asked.pairs)
            works.append(asdict(work))
            print(
                f"| {work.workers} | {work.pairs_per_s:.0f} | {work.postgres_cpu_ms_a_pair:.1f} |"
                f" {work.worker_cpu_ms_a_pair:.1f} | {work.waiting_for_locks:.2f} |",
                flush=True,
            )
        found["work"] = works
        observed = observe_rate(engine, config)
        rows, first, later = report_seconds(engine, config, asked.requests)
        found |= {"observed_per_s": observed, "rollup_rows": rows, "report_s": [first, later]}
        print(f"\none observer takes in {observed:.0f} outcomes/s")
        print(
            f"a report over {asked.requests:,} requests ({rows:,} rows of rollups) takes"
            f" {first:.2f} s, the second time {later:.2f} s"
        )
        engine.dispose()
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=2))
        stack.discard()


if __name__ == "__main__":
    main()

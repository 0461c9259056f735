"""A worker, Redis and Postgres are killed under traffic: nobody notices, and nothing is lost."""

import datetime as dt
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories import evidence as stored
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.launch.processes import recorded_process, stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.command.replaying.effective_config import write_effective_config
from tierwatch.command.replaying.sender import Progress, exchanges, replay_traffic
from tierwatch.config import Config, load_config
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.threshold_evidence import ThresholdEvidence
from tierwatch.local import Stack, free_port
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.report.build import build_report
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine
from tierwatch.store.policies import active_policies
from tierwatch.store.proposals import NewProposal, add_proposal, proposals_in

DEMO = Path(__file__).parents[2] / "evalsets" / "demo"

# Seconds of traffic before the first outage, during each, and after each.
BEFORE_S, DOWN_S, BETWEEN_S = 4.0, 10.0, 4.0
EVERY_S = 0.05
PENDING_WITHIN_S = 90.0
POLICY_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything `tierwatch demo` starts but the dashboard, running."""

    stack: Stack
    settings: Settings
    config: Config
    engine: Engine
    traffic: Path

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.gateway_port}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("whole")
    environ = without_settings(os.environ)
    with Stack(folder, say=lambda _: None, environ=environ) as stack:
        recorded_port = free_port()
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            config=write_effective_config(
                DEMO / "tierwatch.yaml",
                sample_rate=1,
                folder=folder,
                recorded_port=recorded_port,
            ),
            gateway_port=free_port(),
            worker_threads=16,
            observe_every_s=1,
            conversation_idle_s=2,
            sweep_every_s=2,
            sweep_after_s=5,
            # The recorded provider answers at once, so a claim this old is a dead worker's.
            claim_s=10,
            # A test approves what it added itself; nothing else shall be proposed meanwhile.
            retune_every_s=3600,
            rollout_every_s=2,
            log_level="warning",
        )
        config = load_config(settings.config)
        prepare_database(settings, config)
        traffic = DEMO / "items.jsonl"
        stack.start(recorded_process(settings, traffic, recorded_port))
        for process in stack_processes(settings):
            if process.name != "dashboard":
                stack.start(process)
        engine = build_engine(settings.database_url)
        try:
            yield Whole(stack, settings, config, engine, traffic)
        finally:
            engine.dispose()
            stack.discard()


@dataclass(frozen=True, slots=True)
class Outage:
    """One process killed and started again, and how much traffic was served meanwhile."""

    name: str
    answered: int
    recovered_s: float


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was seen of the run, once everything had ended."""

    progress: Progress
    outages: tuple[Outage, ...]
    report: dict[str, Any]
    waited_s: float


@pytest.fixture(scope="module")
def aftermath(whole: Whole) -> Aftermath:
    progress = Progress()
    ended = threading.Event()
    problems: list[BaseException] = []

    def sending() -> None:
        try:
            replay_traffic(
                cycle(exchanges(whole.traffic, progress, limit=None)),
                gateway_url=whole.gateway_url,
                progress=progress,
                hold=lambda: False,
                stop=ended.is_set,
                every_s=EVERY_S,
            )
        except BaseException as problem:  # noqa: BLE001 - raised in the thread that waits for it
            problems.append(problem)

    sender = threading.Thread(target=sending, name="replay")
    sender.start()
    try:
        time.sleep(BEFORE_S)
        outages = tuple(
            take_down(whole, name, progress) for name in ("worker", "redis", "postgres")
        )
    finally:
        ended.set()
        sender.join(60)
    assert not sender.is_alive()
    assert not problems, problems
    began = time.monotonic()
    report = wait_until_nothing_is_pending(whole, progress.sent)
    return Aftermath(progress, outages, report, time.monotonic() - began)


def take_down(whole: Whole, name: str, progress: Progress) -> Outage:
    answered = progress.answered
    killed = whole.stack.pid(name)
    assert killed is not None
    whole.stack.kill(name)
    time.sleep(DOWN_S)
    served = progress.answered - answered
    began = time.monotonic()
    whole.stack.restart(name)
    recovered_s = time.monotonic() - began
    assert whole.stack.pid(name) not in (None, killed)
    time.sleep(BETWEEN_S)
    return Outage(name, served, recovered_s)


def wait_until_nothing_is_pending(whole: Whole, requests: int) -> dict[str, Any]:
    deadline = time.monotonic() + PENDING_WITHIN_S
    report: dict[str, Any] = {}
    while time.monotonic() < deadline:
        whole.stack.tick()
        try:
            with whole.engine.connect() as connection:
                report = build_report(
                    connection.execution_options(isolation_level="REPEATABLE READ"), whole.config
                )
                unobserved = connection.execute(
                    text("select count(*) from outcomes where position is null")
                ).scalar_one()
        except SQLAlchemyError:
            report, unobserved = {}, -1
        # Nothing is pending before all of it has been counted, too.
        if report and report["requests"] >= requests and not (report["pending"] or unobserved):
            return report
        time.sleep(0.5)
    pytest.fail(f"still pending after {PENDING_WITHIN_S:.0f} s: {report}")


@pytest.fixture
def count(whole: Whole) -> Iterator[Any]:
    with whole.engine.connect() as connection:
        yield lambda query: connection.execute(text(query)).scalar_one()


def test_every_request_was_answered_throughout(aftermath: Aftermath) -> None:
    progress = aftermath.progress
    assert progress.refused == 0, progress.first_refusal
    assert progress.answered == progress.sent
    # Not vacuous: traffic went on while each of the three was down.
    assert [outage.name for outage in aftermath.outages] == ["worker", "redis", "postgres"]
    for outage in aftermath.outages:
        assert outage.answered > DOWN_S / EVERY_S / 2, outage


def test_afterwards_nothing_is_pending_and_the_funnel_sums(
    aftermath: Aftermath, count: Any
) -> None:
    report = aftermath.report
    assert report["pending"] == 0
    assert report["dropped"] == 0
    assert report["requests"] == aftermath.progress.answered
    assert report["captured"] == aftermath.progress.answered  # the sampling rate is 1
    assert report["captured"] == report["shadowed"] + report["failed"]
    failed = "select string_agg(exchange_id || ' ' || reason, chr(10)) from failures"
    assert report["failed"] == 0, count(failed)


def test_every_sampled_exchange_has_a_row_of_its_own(aftermath: Aftermath, count: Any) -> None:
    captured = aftermath.report["captured"]
    assert captured > 0
    # What is compared with the top tier as well has a second row, of the same request.
    twins = count("select count(*) from direct_pairs")
    assert count("select count(*) from exchanges") == captured + twins
    assert count("select count(distinct request_no) from exchanges") == captured
    assert count("select count(*) from exchange_texts") == captured + twins
    assert count("select count(*) from exchanges where ended_at is null") == 0


def test_no_pair_was_judged_twice(aftermath: Aftermath, count: Any) -> None:
    captured = aftermath.report["captured"]
    pairs = captured + count("select count(*) from direct_pairs")
    assert count("select count(*) from verdicts") == pairs
    assert count("select count(distinct exchange_id) from verdicts") == pairs
    assert count("select count(*) from alternatives") == pairs
    assert count("select count(*) from outcomes") == aftermath.report["judged"]
    assert count("select count(distinct exchange_id) from outcomes") == aftermath.report["judged"]
    # A shadow call that answered is recorded with its answer: one each, whatever was killed.
    answered = "select count(*) from attempts where step = 'shadow' and error = ''"
    assert count(answered) == pairs
    # Only what a killed worker or an outage interrupted was claimed again.
    again = count("select count(*) from claims where tries > 1")
    assert again < captured / 4


def test_every_outcome_was_observed_once(aftermath: Aftermath, count: Any) -> None:
    judged = aftermath.report["judged"]
    assert judged > 0
    assert count("select count(*) from outcomes where position is null") == 0
    assert count("select count(distinct position) from outcomes") == judged
    assert count("select sum(pairs) from monitors where kind = 'misroute'") == count(
        "select count(*) from outcomes where direction = 'up'"
    )


def test_an_approved_policy_reaches_live_answers_within_5_s(
    whole: Whole, aftermath: Aftermath
) -> None:
    request = {"model": "auto", "messages": list(next_messages(whole))}
    with httpx.Client(base_url=whole.gateway_url, timeout=10) as client:

        def version() -> int:
            reply = client.post("/v1/chat/completions", json=request)
            assert reply.status_code == 200, reply.text
            return int(reply.headers["x-tierwatch-policy-version"])

        before = version()
        candidate = approve(whole)
        began = time.monotonic()
        assert candidate > before
        while version() != candidate:
            assert time.monotonic() - began < POLICY_WITHIN_S
            time.sleep(0.1)


def next_messages(whole: Whole) -> Any:
    return next(exchanges(whole.traffic, Progress(), limit=1)).messages


def approve(whole: Whole) -> int:
    """Approve a proposal for every session, and return the new version."""
    with whole.engine.begin() as connection:
        active = active_policies(connection)
        assert active is not None
        # The traffic's silent change opened an alert, and that a proposal; else this is one.
        new = NewProposal(
            tier="simple",
            from_threshold=0.7,
            to_threshold=0.8,
            certified=False,
            base_version=active.stable.version,
            pairs=0,
            predicted=Prediction.from_json(stored.predicted()),
            evidence=ThresholdEvidence.from_json(stored.threshold()),
        )
        tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        add_proposal(connection, new, expires_at=tomorrow)
        opened = proposals_in(connection, "open")[0]
        version = approve_proposal(
            connection, opened.id, actor="test", why="to see it at work", share=1.0
        )
    assert version is not None
    return version

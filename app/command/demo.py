"""The stack for people: `tierwatch demo`, `replay` and `up`."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.launch import (
    empty_servers,
    free_or_asked_port,
    prepare_database,
    recorded_process,
    stack_processes,
    without_settings,
    write_effective_config,
)
from tierwatch.command.processes import complete_config, new_user
from tierwatch.command.replay import Progress, exchanges, replay_traffic
from tierwatch.command.show import progress_shown, say, show_report
from tierwatch.config import Config, load_config
from tierwatch.errors import ConflictError, StackError, TrafficError, UsageError
from tierwatch.evalsets import FOLDER
from tierwatch.local import Stack, free_port, run_until_signal
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.report import build_report
from tierwatch.loop.watch.observe import observe
from tierwatch.runtime import monitor_rules, retune_rules
from tierwatch.settings import Settings, variable
from tierwatch.store.database import build_engine
from tierwatch.store.traffic.rollups import counted_requests

_DEMO = FOLDER / "demo"

# Sampled exchanges that may wait for a verdict before the replay holds back.
_IN_FLIGHT = 100
_LOOK_EVERY_S = 0.2
# No sampled exchange ended for this long: something is broken, and waiting longer hides it.
_STUCK_AFTER_S = 180.0
# Anchors and probes are asked anew for each alert; the recorded provider answers within seconds.
_ATTRIBUTED_WITHIN_S = 120.0
_REFUSED_BEFORE_GIVING_UP = 50
# After the replay a trickle keeps the demo alive, so that an approved policy can be seen at work.
_TRICKLE_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Replay:
    """Options of `demo` and `replay`, as CONTRACT.md names them."""

    traffic: Path | None = None
    config: Path | None = None
    limit: int | None = None
    sample_rate: float | None = None
    approve: bool = False
    leave: bool = False
    report: Path | None = None
    port: int | None = None
    recorded: str = "{}"


def run_demo(options: Replay, *, settings: Settings, environ: Mapping[str, str]) -> int:
    """Start the embedded servers and everything else, replay, and show what was found.

    Every run starts from an empty database of its own under ``<data_dir>/demo``.

    Returns:
        Exit code.
    """
    traffic = options.traffic or _DEMO / "items.jsonl"
    _require(traffic)
    folder = settings.data_dir.resolve() / "demo"
    say("starting PostgreSQL and Redis")
    with Stack(folder, say=say, environ=without_settings(environ)) as stack:
        settings = replace(
            _sped_up(settings),
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            secret_key=stack.secret("dashboard"),
        )
        empty_servers(settings)
        return _replay(stack, options, traffic, settings)


def run_replay(options: Replay, *, settings: Settings, environ: Mapping[str, str]) -> int:
    """The same against the Postgres and Redis that the settings name; nothing there is removed.

    Returns:
        Exit code.
    """
    traffic = options.traffic
    if traffic is None:
        raise UsageError("replay needs a traffic file")
    _require(traffic)
    folder = settings.data_dir.resolve() / "replay"
    with Stack(folder, say=say, environ=without_settings(environ)) as stack:
        settings = replace(
            _sped_up(settings),
            data_dir=folder,
            secret_key=settings.secret_key or stack.secret("dashboard"),
        )
        return _replay(stack, options, traffic, settings)


def run_up(*, settings: Settings, environ: Mapping[str, str]) -> int:
    """Start everything for live traffic and keep it running until a signal.

    Servers whose URL the environment names are used as they are; the others are embedded.

    Returns:
        Exit code.
    """
    config = complete_config(settings.config)
    if config.evaluation.judge is None:
        raise UsageError(
            f"{settings.config}: evaluation.judge is missing; `tierwatch up` needs one"
        )
    folder = settings.data_dir.resolve()
    stack = Stack(folder, say=say, environ=without_settings(environ))
    with stack:
        if variable("database_url") not in environ:
            settings = replace(settings, database_url=stack.start_postgres())
        if variable("redis_url") not in environ:
            settings = replace(settings, redis_url=stack.start_redis())
        settings = replace(
            settings,
            data_dir=folder,
            config=settings.config.resolve(),
            secret_key=settings.secret_key or stack.secret("dashboard"),
        )
        prepare_database(settings, config)
        for process in stack_processes(settings):
            stack.start(process)
        say(f"gateway    http://{settings.gateway_host}:{settings.gateway_port}/v1")
        _say_dashboard(settings)
        run_until_signal(stack)
    return 0


# -- one replay ---------------------------------------------------------------------------------


def _replay(stack: Stack, options: Replay, traffic: Path, settings: Settings) -> int:
    recorded_port = free_port()
    settings = replace(
        settings,
        config=write_effective_config(
            options.config or _DEMO / "tierwatch.yaml",
            sample_rate=options.sample_rate,
            folder=settings.data_dir,
            recorded_port=recorded_port,
        ),
        gateway_port=free_or_asked_port(options.port, settings.gateway_port),
        dashboard_port=free_or_asked_port(
            None if options.port is None else options.port + 1, settings.dashboard_port
        ),
    )
    config = load_config(settings.config)
    prepare_database(settings, config)
    stack.start(recorded_process(settings, traffic, recorded_port, options=options.recorded))
    for process in stack_processes(settings):
        stack.start(process)
    _say_dashboard(settings)
    engine = build_engine(settings.database_url)
    try:
        run = _Run(
            stack=stack,
            options=options,
            traffic=traffic,
            settings=settings,
            config=config,
            engine=engine,
        )
        return run.to_the_end()
    finally:
        engine.dispose()


@dataclass(kw_only=True)
class _Run:
    """One replay from its first request to its report."""

    stack: Stack
    options: Replay
    traffic: Path
    settings: Settings
    config: Config
    engine: Engine
    progress: Progress = field(default_factory=Progress)
    waiting: int = 0
    uncounted: int = 0
    answered_at_look: int = 0
    counted_before: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    problem: BaseException | None = None

    def to_the_end(self) -> int:
        """Replay, wait for the work to finish, report; or stay until a signal."""
        with self.engine.connect() as connection:
            self.counted_before = counted_requests(connection)
        try:
            self._send_all()
            self._finish()
            report = self._report()
            if self.options.leave:
                return self._verdict(report)
            say("replay done; a trickle of traffic goes on. Ctrl-C stops everything")
            self._trickle()
        finally:
            self.ended.set()
        return 0

    def _send_all(self) -> None:
        total = self.options.limit or _count(self.traffic)
        sender = threading.Thread(target=self._sending, name="replay", daemon=True)
        sender.start()
        with progress_shown(total) as show:
            while sender.is_alive():
                self._look()
                show(self.progress.answered, self.waiting)
                if self.progress.refused >= _REFUSED_BEFORE_GIVING_UP:
                    self.ended.set()
                sender.join(_LOOK_EVERY_S)
            show(self.progress.answered, self.waiting)
        if self.problem is not None:
            raise self.problem
        self._record_quality()

    def _sending(self) -> None:
        items = exchanges(self.traffic, self.progress, limit=self.options.limit)
        try:
            replay_traffic(
                items,
                gateway_url=f"http://127.0.0.1:{self.settings.gateway_port}",
                progress=self.progress,
                hold=self._lagging,
                stop=self.ended.is_set,
            )
        except BaseException as problem:  # noqa: BLE001 - handed to the thread that waits for it
            self.problem = problem

    def _lagging(self) -> bool:
        """Whether too many sampled exchanges may wait: those seen, and those answered since."""
        return self.waiting + self.progress.answered - self.answered_at_look > _IN_FLIGHT

    def _look(self) -> None:
        """Keep the processes alive, see how far evaluation is, approve if asked to."""
        self.stack.tick()
        answered = self.progress.answered
        try:
            with self.engine.connect() as connection:
                unended, counted = connection.execute(
                    text(
                        "select (select count(*) from exchanges where ended_at is null),"
                        " (select coalesce(sum(requests), 0) from rollups)"
                    )
                ).one()
            # What the gateway has not flushed yet may hold as many pairs again.
            self.uncounted = max(0, self.counted_before + answered - int(counted))
            self.waiting = unended + self.uncounted
            self.answered_at_look = answered
            if self.options.approve:
                self._approve()
        except SQLAlchemyError:
            # Away: the traffic does not wait for the evaluation plane.
            self.waiting, self.answered_at_look = 0, answered

    def _approve(self) -> None:
        with self.engine.begin() as connection:
            found = connection.execute(text("select id from proposals where state = 'open'"))
            for proposal_id in [row.id for row in found]:
                try:
                    approve_proposal(
                        connection,
                        proposal_id,
                        actor="--approve",
                        why="accepted as it appeared",
                        share=self.config.evaluation.rollout.share,
                    )
                except ConflictError as problem:
                    say(str(problem))

    def _finish(self) -> None:
        """Wait until every sampled exchange has ended, then take the last outcomes in."""
        moved_at, last = time.monotonic(), -1
        while True:
            self._look()
            report = self._snapshot()
            pending = -1 if report is None else report["pending"] + self.uncounted
            if pending == 0:
                break
            if pending != last:
                moved_at, last = time.monotonic(), pending
            elif time.monotonic() - moved_at > _STUCK_AFTER_S:
                raise StackError(
                    f"{pending} sampled exchanges did not move for {_STUCK_AFTER_S:.0f} s;"
                    f" see the logs under {self.settings.data_dir / 'logs'}"
                )
            time.sleep(_LOOK_EVERY_S)
        rules = replace(monitor_rules(self.settings, self.config), conversation_idle_s=0.0)
        observe(engine=self.engine, rules=rules)
        self._await_attribution()
        retune(
            engine=self.engine,
            rules=retune_rules(self.settings, self.config),
            judge_version=self._judge_version(),
            rollout_share=self.config.evaluation.rollout.share,
        )
        self._look()

    def _await_attribution(self) -> None:
        """Give the workers time to say of each misroute alert what has changed."""
        deadline = time.monotonic() + _ATTRIBUTED_WITHIN_S
        while time.monotonic() < deadline:
            with self.engine.connect() as connection:
                waiting = connection.execute(
                    text(
                        "select count(*) from alerts"
                        " where kind = 'misroute' and attribution is null"
                        " and state <> 'resolved'"
                    )
                ).scalar_one()
            if not waiting:
                return
            time.sleep(_LOOK_EVERY_S)
        say(f"{waiting} alerts are not attributed yet; see the worker's log")

    def _judge_version(self) -> str:
        with self.engine.connect() as connection:
            found = connection.execute(
                text("select judge_version from outcomes order by id desc limit 1")
            ).scalar_one_or_none()
        return found or ""

    def _snapshot(self) -> dict[str, Any] | None:
        try:
            with self.engine.connect() as connection:
                quiet = connection.execution_options(isolation_level="REPEATABLE READ")
                return build_report(quiet, self.config)
        except SQLAlchemyError:
            return None

    def _record_quality(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "insert into replays (file, requests, scored, score_sum)"
                    " values (:file, :requests, :scored, :score_sum)"
                ),
                {
                    "file": self.traffic.name,
                    "requests": self.progress.answered,
                    "scored": self.progress.scored,
                    "score_sum": self.progress.score_sum,
                },
            )

    def _report(self) -> dict[str, Any]:
        report = self._snapshot()
        if report is None:
            raise StackError("Postgres is away, so there is no report")
        report["skipped_lines"] = [
            {"line": bad.number, "why": bad.why} for bad in self.progress.bad_lines
        ]
        if self.options.report is not None:
            self.options.report.write_text(json.dumps(report, indent=2) + "\n")
        show_report(report)
        return report

    def _verdict(self, report: dict[str, Any]) -> int:
        failures = [
            f"line {bad.number} of {self.traffic.name} was skipped: {bad.why}"
            for bad in self.progress.bad_lines
        ]
        if self.progress.refused:
            failures.append(
                f"{self.progress.refused} requests were not answered,"
                f" the first: {self.progress.first_refusal}"
            )
        if report["pending"]:
            failures.append(f"{report['pending']} sampled exchanges are still pending")
        for failure in failures:
            click.echo(failure, err=True)
        return 1 if failures else 0

    def _trickle(self) -> None:
        items = list(exchanges(self.traffic, Progress(), limit=self.options.limit))
        recent = items[len(items) * 3 // 5 :]
        threading.Thread(
            target=replay_traffic,
            kwargs={
                "items": cycle(recent),
                "gateway_url": f"http://127.0.0.1:{self.settings.gateway_port}",
                "progress": self.progress,
                "hold": lambda: False,
                "stop": self.ended.is_set,
                "every_s": _TRICKLE_EVERY_S,
            },
            name="trickle",
            daemon=True,
        ).start()
        run_until_signal(self.stack)


def _sped_up(settings: Settings) -> Settings:
    """The loop's clocks, set to match traffic that is replayed hours in minutes."""
    return replace(
        settings,
        observe_every_s=1.0,
        # The lines of a conversation stand together in a recording, so they pass within a second.
        conversation_idle_s=2.0,
        sweep_every_s=5.0,
        sweep_after_s=15.0,
        claim_s=30.0,
        rollout_every_s=2.0,
        # Types that come in the middle of a replay begin new streams, and the monitors of its few
        # hundred pairs anew. `tierwatch types --rebuild` builds them afterwards.
        types_every_s=0.0,
        worker_threads=16,
    )


def _require(traffic: Path) -> None:
    if not traffic.is_file():
        raise TrafficError(
            f"{traffic}: no such file. Give recorded traffic with --traffic; without it the demo"
            " reads evalsets/demo of a source checkout"
        )


def _count(traffic: Path) -> int:
    return sum(1 for _ in exchanges(traffic, Progress(), limit=None))


def _say_dashboard(settings: Settings) -> None:
    url = f"http://127.0.0.1:{settings.dashboard_port}"
    try:
        password = new_user(settings, "admin", "admin")
    except ConflictError:
        say(f"dashboard  {url}  (user admin, with the password you set)")
    else:
        say(f"dashboard  {url}  user admin, one-time password {password}")

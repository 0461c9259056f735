"""One replay from its first process to its report."""

import threading
import time
from dataclasses import dataclass, field, replace
from itertools import cycle

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.launch.processes import (
    free_or_asked_port,
    published_environment,
    recorded_process,
    stack_processes,
)
from tierwatch.command.launch.servers import prepare_database, say_dashboard
from tierwatch.command.replaying.effective_config import DEMO_CONFIG, write_effective_config
from tierwatch.command.replaying.ending import (
    add_recorded_quality,
    failures,
    newest_judge,
    show_report,
    write_report,
)
from tierwatch.command.replaying.options import Replay
from tierwatch.command.replaying.pace import (
    EVERY_S,
    Backlog,
    approve_open,
    await_attribution,
    await_first_checks,
    await_observation,
)
from tierwatch.command.replaying.sender import Progress, exchanges, progress_shown, replay_traffic
from tierwatch.command.terminal import say, say_error
from tierwatch.config import Config, load_config
from tierwatch.errors import StackError, UsageError
from tierwatch.faults import repeat
from tierwatch.local import Stack, free_port, run_until_signal
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.report.build import build_report
from tierwatch.loop.report.schema import Report
from tierwatch.loop.watch.observe import observe
from tierwatch.runtime.rules import monitor_rules, retune_rules
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

# No sampled exchange ended for this long: something is broken, and waiting longer hides it.
_STUCK_AFTER_S = 180.0
_REFUSED_BEFORE_GIVING_UP = 50
# After the replay a trickle keeps the demo alive, so that an approved policy can be seen at work.
_TRICKLE_EVERY_S = 0.5


def replay_through(stack: Stack, options: Replay, settings: Settings) -> int:
    """Start every process on servers that are there, replay, report; or stay until a signal.

    Returns:
        Exit code.
    """
    recorded_port = free_port()
    settings = replace(
        settings,
        config=write_effective_config(
            options.config or DEMO_CONFIG,
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
    if options.approve and config.evaluation.retune.approvals > 1:
        raise UsageError(
            "--approve: accepted where one person is enough; found evaluation.retune.approvals:"
            f" {config.evaluation.retune.approvals}"
        )
    prepare_database(settings, config)
    stack.publish(published_environment(settings))
    stack.start(
        recorded_process(settings, options.traffic, recorded_port, options=options.recorded)
    )
    for process in stack_processes(settings):
        stack.start(process)
    say_dashboard(settings)
    engine = build_engine(settings.database_url)
    try:
        return _Run(
            stack=stack,
            options=options,
            settings=settings,
            config=config,
            engine=engine,
            backlog=Backlog(engine),
        ).to_the_end()
    finally:
        engine.dispose()


@dataclass(kw_only=True)
class _Run:
    """A replay on a stack that runs."""

    stack: Stack
    options: Replay
    settings: Settings
    config: Config
    engine: Engine
    backlog: Backlog
    progress: Progress = field(default_factory=Progress)
    ended: threading.Event = field(default_factory=threading.Event)
    problem: BaseException | None = None

    def to_the_end(self) -> int:
        """Replay, wait for the work to finish, report; or stay until a signal."""
        try:
            self._await_first_checks()
            self._send_all()
            self._await_last_verdict()
            self._draw_conclusions()
            report = self._report()
            if self.options.leave:
                found = failures(report, self.progress, file=self.options.traffic.name)
                for failure in found:
                    say_error(failure)
                return 1 if found else 0
            say("replay done; a trickle of traffic goes on. Ctrl-C stops everything")
            self._trickle()
        finally:
            self.ended.set()
        return 0

    def _await_first_checks(self) -> None:
        tiers = len(self.config.tiers) if self.settings.probes_every_s else 0
        subjects = tiers + bool(self.settings.anchors_every_s)
        if subjects and not await_first_checks(
            self.engine, subjects=subjects, tick=self.stack.tick
        ):
            say("anchors and probes have no first run yet; an alert may not say what has changed")

    def _send_all(self) -> None:
        total = self.options.limit or sum(
            1 for _ in exchanges(self.options.traffic, Progress(), limit=None)
        )
        sender = threading.Thread(target=self._sending, name="replay", daemon=True)
        sender.start()
        with progress_shown(total) as show:
            while sender.is_alive():
                self._look()
                show(self.progress.answered, self.backlog.waiting)
                if self.progress.refused >= _REFUSED_BEFORE_GIVING_UP:
                    self.ended.set()
                sender.join(EVERY_S)
            show(self.progress.answered, self.backlog.waiting)
        if self.problem is not None:
            raise self.problem
        add_recorded_quality(self.engine, self.progress, file=self.options.traffic.name)

    def _sending(self) -> None:
        try:
            replay_traffic(
                exchanges(self.options.traffic, self.progress, limit=self.options.limit),
                gateway_url=self._gateway_url,
                progress=self.progress,
                hold=lambda: self.backlog.is_long(self.progress.answered),
                stop=self.ended.is_set,
            )
        except BaseException as problem:  # noqa: BLE001 - handed to the thread that waits for it
            self.problem = problem

    @property
    def _gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.gateway_port}"

    def _look(self) -> None:
        """Keep the processes alive, see how far evaluation is, approve if asked to."""
        self.stack.tick()
        self.backlog.look(self.progress.answered)
        if self.options.approve:
            approve_open(self.engine, share=self.config.evaluation.rollout.share)

    def _await_last_verdict(self) -> None:
        """Wait until every sampled exchange has ended.

        Raises:
            StackError: they stopped ending.
        """
        moved_at, last = time.monotonic(), -1
        while True:
            self._look()
            report = self._snapshot()
            pending = -1 if report is None else report["pending"] + self.backlog.uncounted
            if pending == 0:
                return
            if pending != last:
                moved_at, last = time.monotonic(), pending
            elif time.monotonic() - moved_at > _STUCK_AFTER_S:
                raise StackError(
                    f"{pending} sampled exchanges did not move for {_STUCK_AFTER_S:.0f} s;"
                    f" see the logs under {self.settings.data_dir / 'logs'}"
                )
            time.sleep(EVERY_S)

    def _draw_conclusions(self) -> None:
        """Take the last outcomes in, and do at once what the schedule would do by and by."""
        rules = replace(monitor_rules(self.settings, self.config), conversation_idle_s=0.0)
        await_observation(
            self.engine,
            observe=lambda: observe(engine=self.engine, rules=rules),
            tick=self.stack.tick,
        )
        await_attribution(self.engine, tick=self.stack.tick)
        retune(
            engine=self.engine,
            rules=retune_rules(self.settings, self.config),
            judge_version=newest_judge(self.engine),
            rollout_share=self.config.evaluation.rollout.share,
        )
        self._look()

    def _snapshot(self) -> Report | None:
        """The report of this moment; None while Postgres is away."""
        try:
            with self.engine.connect() as connection:
                quiet = connection.execution_options(isolation_level="REPEATABLE READ")
                return build_report(quiet, self.config)
        except SQLAlchemyError:
            return None

    def _report(self) -> Report:
        report = self._snapshot()
        if report is None:
            raise StackError("Postgres is away, so there is no report")
        if self.options.report is not None:
            write_report(report, self.progress, self.options.report)
        show_report(report)
        return report

    def _trickle(self) -> None:
        items = list(exchanges(self.options.traffic, Progress(), limit=self.options.limit))
        recent = items[len(items) * 3 // 5 :]

        def send() -> None:
            replay_traffic(
                cycle(recent),
                gateway_url=self._gateway_url,
                progress=self.progress,
                hold=lambda: False,
                stop=self.ended.is_set,
                every_s=_TRICKLE_EVERY_S,
            )

        threading.Thread(
            target=repeat,
            args=(send,),
            kwargs={"every_s": _TRICKLE_EVERY_S, "stop": self.ended, "doing": "replay: trickle"},
            name="trickle",
            daemon=True,
        ).start()
        run_until_signal(self.stack)

"""The one parent that starts, watches and stops every process of the embedded stack."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from tierwatch.errors import StackError
from tierwatch.local import guard, postgres, redis
from tierwatch.local.folder import Folder
from tierwatch.local.process import Process, free_port, is_free, last_lines, rotate, spawn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping
    from types import FrameType, TracebackType

LOG_BYTES = 50_000_000  # a worker that logs two lines a second fills this in about a month
DEATHS_A_MINUTE = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0  # before a dead process is started again; doubles


@dataclass(slots=True)
class _Child:
    """A process of the stack and what became of it.

    Attributes:
        running: None once its end has been seen.
        record: of the last start; None when nothing of it can be left.
        deaths: times of the last unexpected ends, seconds of the monotonic clock.
        due: when to start it again, or None when it runs or shall stay down.
    """

    process: Process
    order: int
    running: subprocess.Popen[bytes] | None = None
    record: guard.Record | None = None
    deaths: deque[float] = field(default_factory=deque)
    due: float | None = None


class Stack:
    """Starts processes, keeps them running and leaves nothing behind.

    Used as a context manager it stops on the way out. Every method may be called from any thread.

    Args:
        folder: where all state is kept (see `local.folder`); made when missing.
        say: receives one plain line for each thing the operator should know.
        environ: environment of the processes, and the PATH on which programs are looked for.
    """

    def __init__(
        self, folder: Path, *, say: Callable[[str], None], environ: Mapping[str, str]
    ) -> None:
        self._folder = Folder(folder)
        self._say = say
        self._environ = dict(environ)
        self._children: dict[str, _Child] = {}
        self._busy = threading.RLock()
        self._refused: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._folder.open(say=self._say)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """Where all state is kept, absolute."""
        return self._folder.path

    def secret(self, name: str) -> str:
        """A random secret of this stack, made when first asked for and kept in its folder."""
        with self._busy:
            self._folder.open(say=self._say)
            return self._folder.secret(name)

    def publish(self, environment: Mapping[str, str]) -> None:
        """Writes down how commands beside the stack reach it (`running_stack`), until it stops.

        Raises:
            StackError: it cannot be written.
        """
        with self._busy:
            self._folder.open(say=self._say)
            self._folder.publish(environment)

    def start_postgres(self) -> str:
        """Starts PostgreSQL, made at the first start; returns its SQLAlchemy URL.

        Raises:
            StackError: the server is missing, or did not start; the message has its last words.
        """
        with self._busy:
            self._folder.open(say=self._say)
            has_password = "postgres" in self._folder.load("credentials.json")
            password = self._folder.secret("postgres")
            cluster = postgres.choose_cluster(self.folder, say=self._say)
            _empty(cluster.data, "postgres")
            if not postgres.check_version(cluster):
                postgres.make_cluster(cluster, password=password)
            elif not has_password:
                postgres.set_password(cluster, password=password)
            port = self._start_server(
                "postgres", lambda port: postgres.server(cluster, port=port, password=password)
            )
        role, database = postgres.ROLE, postgres.DATABASE
        return f"postgresql+psycopg://{role}:{password}@127.0.0.1:{port}/{database}"

    def start_redis(self) -> str:
        """Starts Redis; returns its URL.

        Raises:
            StackError: the server is missing, or did not start; the message has its last words.
        """
        with self._busy:
            self._folder.open(say=self._say)
            password = self._folder.secret("redis")
            port = self._start_server(
                "redis",
                lambda port: redis.server(
                    self.folder / "redis", port=port, password=password, environ=self._environ
                ),
            )
        return redis.url(port, password)

    def start(self, process: Process) -> None:
        """Starts a process and waits until it is ready.

        Raises:
            StackError: it ended or was not ready in time (then it has been stopped), or its name
                or port is taken.
        """
        with self._busy:
            self._folder.open(say=self._say)
            if process.name in self._children:
                raise StackError(f"{process.name} has been started already")
            process.check_port()
            rotate(self._folder.log(process.name))
            child = _Child(process, order=len(self._children))
            self._children[process.name] = child
            try:
                self._launch(child)
            except BaseException:  # Ctrl-C while waiting included: a half-started process is ended
                self._end(child)
                del self._children[process.name]
                raise

    def tick(self) -> None:
        """Looks after the processes once: starts what died, trims what logged too much.

        What the system refuses meanwhile, as a full disk does, is said once and tried again: the
        processes that run are not ended for it.

        Raises:
            StackError: a process died more than `DEATHS_A_MINUTE` times within a minute.
        """
        with self._busy:
            if not self._folder.is_open:
                return
            self._tried("the guard of the stack", self._folder.keep_guard)
            now = time.monotonic()
            for child in self._children.values():
                name = child.process.name
                if child.running is not None and (code := child.running.poll()) is not None:
                    child.running = None
                    self._note_death(child, code, now)
                if child.due is not None and child.due <= now:
                    again = partial(self._launch, child, wait=False)
                    if not self._tried(f"starting {name} again", again):
                        child.due = now + LONGEST_PAUSE_S
                self._tried(f"the log of {name}", partial(_trim, self._folder.log(name)))

    def _tried(self, what: str, work: Callable[[], object]) -> bool:
        """Whether work could be done; why not is said once for each new reason."""
        try:
            work()
        except (OSError, StackError) as problem:
            if self._refused.get(what) != str(problem):
                self._refused[what] = str(problem)
                self._say(f"{what} failed and is tried again: {problem}")
            return False
        self._refused.pop(what, None)
        return True

    def watch(self, *, every_s: float = 0.5) -> None:
        """Looks after the processes until another thread stops the stack.

        Raises:
            StackError: as `tick`.
        """
        while self._folder.is_open:
            self.tick()
            time.sleep(every_s)

    def pid(self, name: str) -> int | None:
        """The process id, or None while it is down."""
        with self._busy:
            running = self._child(name).running
            return running.pid if running is not None and running.poll() is None else None

    def kill(self, name: str) -> None:
        """Kills a process with SIGKILL, as a fault would; it stays down until `restart`."""
        with self._busy:
            child = self._child(name)
            if child.running is not None:
                child.running.kill()
                child.running.wait()
            child.running = child.due = None

    def restart(self, name: str) -> None:
        """Stops a process if it runs, starts it again and waits until it is ready.

        Raises:
            StackError: it was not ready in time, or cannot be started.
        """
        with self._busy:
            self._launch(self._child(name))

    def stop(self) -> None:
        """Stops every process, the last started first, and frees ports and folder. Idempotent.

        Raises:
            StackError: a process could not even be killed.
        """
        with self._busy:
            stuck: list[psutil.Process] = []
            for child in reversed(self._children.values()):
                stuck += self._end(child)
            self._children.clear()
            self._folder.close()
        if stuck:
            raise StackError(f"could not be killed: process {', '.join(str(p.pid) for p in stuck)}")

    def discard(self) -> None:
        """Stops, and deletes the folder with all data."""
        self.stop()
        if (data := self.folder / "postgres").is_symlink():
            shutil.rmtree(data.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _child(self, name: str) -> _Child:
        if name not in self._children:
            known = ", ".join(self._children) or "none"
            raise StackError(f"no process is called {name}; the processes are: {known}")
        return self._children[name]

    def _start_server(self, name: str, at: Callable[[int], Process]) -> int:
        """Starts a server on its last port if that is free; on another if someone is faster."""
        attempts = 3
        while True:
            attempts -= 1
            ports = self._folder.load("ports.json")
            port = ports.get(name)
            if not isinstance(port, int) or not is_free(port):
                port = free_port()
                self._folder.save("ports.json", {**ports, name: port})
            try:
                self.start(at(port))
            except StackError:
                if is_free(port) or not attempts:
                    raise
            else:
                return port

    def _launch(self, child: _Child, *, wait: bool = True) -> None:
        """Starts the process in the place of its last run, of which nothing may be left."""
        process = child.process
        if stuck := self._end(child):
            raise StackError(f"{process.name} (process {stuck[0].pid}) cannot be killed")
        if process.home is not None:
            _empty(process.home, Path(process.argv[0]).name)
        running = spawn(process, log=self._folder.log(process.name), environ=self._environ)
        child.running = running
        child.record = guard.Record(
            name=process.name,
            order=child.order,
            pid=running.pid,
            started=psutil.Process(running.pid).create_time(),
            program=Path(process.argv[0]).name,
            stop_signal=int(process.stop_signal),
            stop_within_s=process.stop_within_s,
            home=str(process.home) if process.home is not None else None,
        )
        try:
            child.record.save(self._folder.run)
        except OSError as error:
            self._end(child)
            raise StackError(f"{process.name} cannot be recorded: {error}") from error
        if wait:
            self._wait_until_ready(process, running)

    def _wait_until_ready(self, process: Process, running: subprocess.Popen[bytes]) -> None:
        began = time.monotonic()
        while not process.is_ready():
            waited = time.monotonic() - began
            if (code := running.poll()) is not None:
                what = f"ended with exit code {code} before it was ready"
            elif waited > process.ready_within_s:
                what = f"was not ready within {process.ready_within_s:g} s"
            else:
                time.sleep(0.02 if waited < 1 else 0.1)
                continue
            end = last_lines(self._folder.log(process.name))
            raise StackError(f"{process.name} {what}. {end}")

    def _note_death(self, child: _Child, code: int, now: float) -> None:
        name, deaths = child.process.name, child.deaths
        while deaths and deaths[0] < now - 60:
            deaths.popleft()
        deaths.append(now)
        if len(deaths) > DEATHS_A_MINUTE:
            raise StackError(
                f"{name} ended {len(deaths)} times within a minute, the last time with exit code "
                f"{code}. {last_lines(self._folder.log(name))}"
            )
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (len(deaths) - 1))
        child.due = now + pause
        self._say(f"{name} ended with exit code {code}; starting it again in {pause:g} s")

    def _end(self, child: _Child) -> list[psutil.Process]:
        """Ends what runs of a process; returns what could not be killed."""
        child.due = None
        if child.record is None:
            return []
        ours = child.running is not None and child.running.returncode is None
        if stuck := guard.end(child.record, ours=ours):
            return stuck
        if child.running is not None:
            child.running.wait()
        (self._folder.run / f"{child.process.name}.json").unlink(missing_ok=True)
        child.running = child.record = None
        return []


def _trim(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        rotate(log)


def _empty(home: Path, program: str) -> None:
    """Ends what a killed server left working in its data: the next one must be alone there."""
    if stuck := guard.kill(guard.in_home(program, str(home))):
        raise StackError(f"{program} (process {stuck[0].pid}) in {home} cannot be killed")


def run_until_signal(stack: Stack) -> signal.Signals:
    """Watches until SIGINT, SIGTERM or SIGHUP arrives, stops the stack, returns the signal.

    Call it from the main thread. Further signals are ignored while the stack stops.

    Raises:
        StackError: a process kept dying; the stack has been stopped then too.
    """
    received: list[signal.Signals] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))

    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in handled}
    try:
        try:
            while not received:
                stack.tick()
                time.sleep(0.2)
        finally:
            stack.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return received[0]

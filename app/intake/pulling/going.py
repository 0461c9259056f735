"""The pulls of the intake: a thread each, round after round, through the door of sent batches."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from tierwatch.faults import guard
from tierwatch.intake.calls import Readings
from tierwatch.intake.keeping.receiving import Delivery, Outcome, Receiving
from tierwatch.intake.pulling.asking import AwayError, KeyRefusedError, PullError
from tierwatch.intake.pulling.rounds import Pull, readings_of
from tierwatch.intake.sources import Source
from tierwatch.store.traffic.sources import PULL_FAILED, PULL_REFUSED

_log = structlog.get_logger(__name__)

_AFTER_REFUSAL_S: Final = 60.0
_SAY_EVERY_S: Final = 60.0
# The journal waits for the disk, and sheds where it has no room.
_KEPT_WITHIN_S: Final = 60.0
_FULL_PAUSE_S: Final = 5.0
_MOST_LINES_BYTES: Final = 8_000_000
_SHED: Final = 429


class Going:
    """One pull that goes on and on.

    Args:
        pull: what is fetched.
        receiving: the door.
    """

    def __init__(self, pull: Pull, receiving: Receiving) -> None:
        self._pull = pull
        self._receiving = receiving
        self._stop = threading.Event()
        self._said_at = float("-inf")
        name = f"intake-pull-{pull.config.source}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; what it has taken is kept."""
        self._stop.set()

    def join(self, *, within_s: float) -> None:
        """Wait for its end, which a vendor that is silent may put off."""
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            pause_s = self._pull.config.every_s
            with guard("intake: pull"):
                pause_s = self.step()
            self._stop.wait(pause_s)

    def step(self) -> float:
        """One round; gives the seconds until the next one."""
        every_s = self._pull.config.every_s
        try:
            self._pull.round(self._take, pause=self._stop.wait)
        except KeyRefusedError as problem:
            self._failed(PULL_REFUSED, problem)
            return _AFTER_REFUSAL_S
        except PullError as problem:
            if self._stop.is_set():
                return 0.0
            self._failed(PULL_FAILED, problem)
            return max(every_s, problem.wait_s if isinstance(problem, AwayError) else 0.0)
        return every_s

    def _failed(self, what: str, problem: PullError) -> None:
        """Count it where people look, and say it once a minute."""
        self._deliver(_counted({what: 1}), b"")
        now = time.monotonic()
        if now - self._said_at >= _SAY_EVERY_S:
            self._said_at = now
            config = self._pull.config
            _log.error(
                "a pull failed", source=config.source, kind=config.kind, problem=str(problem)
            )

    def _take(self, lines: Sequence[bytes]) -> None:
        kind = _records(self._pull.config.kind)
        for body in _bodies(lines, min(_MOST_LINES_BYTES, self._receiving.most_body)):
            while True:
                outcome = self._deliver(kind, body)
                if outcome.status != _SHED:
                    break  # what cannot be read is counted there, and is no reason to stop
                if self._stop.wait(_FULL_PAUSE_S):
                    raise AwayError("the intake takes nothing for now")

    def _deliver(self, kind: Source, body: bytes) -> Outcome:
        done = threading.Event()
        said: list[Outcome] = []

        def hear(outcome: Outcome) -> None:
            said.append(outcome)
            done.set()

        source = self._pull.config.source
        delivery = Delivery(source, kind, body, "", "", time.time(), hear)
        if not self._receiving.offer(delivery):
            return Outcome(_SHED)
        if not done.wait(_KEPT_WITHIN_S):
            raise AwayError("the intake does not write what it is given")
        return said[0]


def _records(kind: str) -> Source:
    def read(body: bytes, _media_type: str) -> Readings:
        return readings_of(kind, body.splitlines(keepends=True), time.time())

    return Source("any", read)


def _counted(kinds: Mapping[str, int]) -> Source:
    return Source("any", lambda _body, _media_type: Readings((), kinds))


def _bodies(lines: Sequence[bytes], most: int) -> list[bytes]:
    """Lines in bodies of at most so many bytes; one line at least in each."""
    bodies: list[bytes] = []
    group = bytearray()
    for line in lines:
        if group and len(group) + len(line) > most:
            bodies.append(bytes(group))
            group.clear()
        group += line
    return [*bodies, bytes(group)] if group else bodies

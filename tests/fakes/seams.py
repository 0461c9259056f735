"""Exceptions at every seam of capture, before or after what happens there."""

import errno
import functools
from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg.errors
import pytest
from sqlalchemy.exc import DataError, InternalError, OperationalError

from tierwatch.loop.capture.backlog import dead_letters, spool
from tierwatch.loop.capture.recorder import CaptureRecorder

FAULTS: dict[str, Callable[[], BaseException]] = {
    "full disk": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "no folder": lambda: PermissionError(errno.EACCES, "Permission denied"),
    "postgres away": lambda: OperationalError("", {}, psycopg.OperationalError("refused")),
    "postgres full": lambda: OperationalError("", {}, psycopg.errors.DiskFull()),
    "postgres read-only": lambda: InternalError("", {}, psycopg.errors.ReadOnlySqlTransaction()),
    "a value": lambda: DataError("", {}, psycopg.errors.NumericValueOutOfRange()),
    "a shape": lambda: KeyError("tier"),
    "too deep": RecursionError,
    "no memory": MemoryError,
    "anything": lambda: RuntimeError("holds a secret"),
    "exit": lambda: SystemExit(3),
    "cancelled": CancelledError,
    "closed": GeneratorExit,
    "interrupt": KeyboardInterrupt,
}


@dataclass(slots=True)
class Seam:
    """One place where something may be raised. ``after``: once it has done its work."""

    fault: str = ""
    after: bool = False
    raised: int = 0

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def with_faults(*args: Any, **kwargs: Any) -> Any:
            if self.fault and not self.after:
                self._raise()
            result = work(*args, **kwargs)
            if self.fault:
                self._raise()
            return result

        return with_faults

    def _raise(self) -> None:
        self.raised += 1
        error = FAULTS[self.fault]()
        raise error


class Seams:
    """The seams of a recorder, by name."""

    # Whoever raises after having taken the batch has it; there is no after.
    BEFORE_ONLY = frozenset({"take", "waiting"})

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.at: dict[str, Seam] = {}
        self.redact = self._seam("redact").around(lambda words: words)

    def into(self, recorder: CaptureRecorder) -> None:
        """Put every seam into a recorder."""
        writer, store = recorder._writer, recorder._store
        places: dict[str, tuple[Any, str]] = {
            "take": (writer, "_take"),
            "document": (writer, "_document"),
            "follow": (writer, "_after_flush"),
            "adopt": (writer, "_adopt"),
            "reach": (store, "reach"),
            "commit": (store, "commit"),
            "add": (store, "_add"),
            "apart": (store, "_commit_apart"),
            "send": (store._dispatch, "shadow_exchanges"),
            "waiting": (recorder._spools, "waiting"),
            "append": (recorder._spools, "append"),
            "append lines": (spool, "append_lines"),
            "append letter": (dead_letters, "append_lines"),
            "keep cursor": (spool.Spool, "_keep_cursor"),
        }
        for name, (owner, attribute) in places.items():
            seam = self._seam(name)
            self._patch.setattr(owner, attribute, seam.around(getattr(owner, attribute)))

    def quiet(self) -> None:
        """No more faults."""
        for seam in self.at.values():
            seam.fault, seam.after = "", False

    def _seam(self, name: str) -> Seam:
        return self.at.setdefault(name, Seam())

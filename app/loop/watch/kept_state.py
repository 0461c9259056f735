"""Kept state: a monitor goes on from what is stored of it, or starts again where that is broken.

A stream that could not go on would keep every step that meets it from ever ending. Starting again
forgets evidence and cannot make any, so it costs delay and no false alarm.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol, Self, TypeVar

import structlog

from tierwatch.errors import EvidenceError
from tierwatch.store.judgements.monitors import Monitor

_log = structlog.get_logger(__name__)


class Resumable(Protocol):
    """A monitor that can go on from its state."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Go on from a state, or raise `EvidenceError`."""


M = TypeVar("M", bound=Resumable)


def resumed(of: type[M], kept: Monitor | None) -> M | None:
    """The monitor of a stream as it was left; None where there is none or it cannot be read."""
    if kept is None:
        return None
    try:
        return of.from_state(kept.state)
    except EvidenceError as problem:
        say_restarted(kept.stream, str(problem))
        return None


@lru_cache(maxsize=1_024)
def say_restarted(stream: str, why: str) -> None:
    """Log that a stream starts again; the first time only."""
    _log.warning("stream started again: its state cannot be read", stream=stream, why=why)

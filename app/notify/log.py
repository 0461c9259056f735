"""Our own log as a destination: one line for each event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import structlog

from tierwatch.notify.answer import Answer

_LOGGED = ("kind", "segment", "tier", "severity", "summary", "estimate", "window", "permalink")
# Somebody should do something: these are warnings.
_ASKING = frozenset({"alert.opened", "alert.renotified"})


@dataclass(frozen=True, slots=True)
class LogDestination:
    """One line in our own log for each event."""

    kind: ClassVar[str] = "log"

    name: str = "log"

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Write an event into the log: a warning when an alert opens, and while it stays open."""
        fields = {key: _one_line(event[key]) for key in _LOGGED if key in event}
        log = structlog.get_logger("tierwatch.alerts")
        write = log.warning if event["type"] in _ASKING else log.info
        write(_one_line(str(event["type"])), alert_id=_one_line(str(event["id"])), **fields)
        return Answer("taken", "written")


def _one_line(value: Any) -> Any:
    """Text without line breaks and terminal control characters: one event stays one line."""
    if not isinstance(value, str):
        return value
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())

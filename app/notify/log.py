"""Our own log as a destination: one line for each event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

_LOGGED = ("kind", "segment", "tier", "severity", "summary", "estimate", "window", "permalink")


@dataclass(frozen=True, slots=True)
class LogDestination:
    """One line in our own log for each event."""

    name: str = "log"


def write_line(alert: Mapping[str, Any]) -> None:
    """Write an event into the log: a warning when an alert opens."""
    fields = {key: _one_line(alert[key]) for key in _LOGGED if key in alert}
    log = structlog.get_logger("tierwatch.alerts")
    write = log.warning if alert["type"] == "alert.opened" else log.info
    write(_one_line(str(alert["type"])), alert_id=_one_line(str(alert["id"])), **fields)


def _one_line(value: Any) -> Any:
    """Text without line breaks and terminal control characters: one event stays one line."""
    if not isinstance(value, str):
        return value
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())

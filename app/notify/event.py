"""The JSON body of an event, as a webhook receives it.

::

    {"id": "<alert>:opened", "dedupKey": "<alert>", "timestamp": "<ISO 8601>",
     "type": "alert.opened" | "alert.acknowledged" | "alert.resolved", "apiVersion": "1",
     "payload": {"kind", "segment", "tier", "severity", "summary", "estimate", "window", ...}}

``id`` names the event and is the same when it is sent twice; ``dedupKey`` names the alert and is
the same in all its events.
"""

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

API_VERSION = "1"
# Keys of the envelope; the others go into the payload.
ENVELOPE = ("id", "type", "timestamp")


def event_body(alert: Mapping[str, Any]) -> bytes:
    """An event as JSON.

    Raises:
        TypeError, ValueError, RecursionError: something in it has no JSON form.
    """
    kind = str(alert["type"])
    event = {
        "id": f"{alert['id']}:{kind.removeprefix('alert.')}",
        "dedupKey": str(alert["id"]),
        "timestamp": alert["timestamp"],
        "type": kind,
        "apiVersion": API_VERSION,
        "payload": {key: value for key, value in alert.items() if key not in ENVELOPE},
    }
    # ASCII with escapes: half a surrogate pair in an answer's text is then still valid JSON.
    return json.dumps(event, allow_nan=False, default=_plain).encode("ascii")


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")

"""The JSON body of an event, as a webhook receives it.

::

    {"id": "<alert>:opened", "dedupKey": "<alert>", "timestamp": "<ISO 8601>", "sequence": 1,
     "type": "alert.opened" | "alert.acknowledged" | "alert.renotified" | "alert.resolved"
         | "alert.test",
     "apiVersion": "1",
     "payload": {"kind", "segment", "tier", "severity", "summary", "estimate", "window", ...}}

``id`` names the event and is the same whenever it is sent again; ``dedupKey`` names the alert and
is the same in all its events; ``sequence`` numbers the events of one alert.
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
_BESIDE = (*ENVELOPE, "event_id", "sequence")


def missing_keys(event: Mapping[str, Any]) -> str:
    """The keys that an event cannot do without and lacks, as a list for people."""
    return ", ".join(key for key in ENVELOPE if not event.get(key))


def event_id(event: Mapping[str, Any]) -> str:
    """What names an event, the same whenever it is sent again."""
    return str(event.get("event_id") or f"{event['id']}:{_what(event)}")


def event_body(event: Mapping[str, Any]) -> bytes:
    """An event as JSON.

    Raises:
        TypeError, ValueError, RecursionError: something in it has no JSON form.
    """
    body = {
        "id": event_id(event),
        "dedupKey": str(event["id"]),
        "timestamp": event["timestamp"],
        "type": str(event["type"]),
        "apiVersion": API_VERSION,
        "payload": {key: value for key, value in event.items() if key not in _BESIDE},
    }
    if "sequence" in event:
        body["sequence"] = event["sequence"]
    # ASCII with escapes: half a surrogate pair in an answer's text is then still valid JSON.
    return json.dumps(body, allow_nan=False, default=_plain).encode("ascii")


def _what(event: Mapping[str, Any]) -> str:
    return str(event["type"]).removeprefix("alert.")


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

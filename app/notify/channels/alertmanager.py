"""Prometheus' Alertmanager, by its API v2: an alert fires there for as long as it is open here.

An Alertmanager holds alerts in memory and ends those that nobody repeats. So what is open is posted
again every minute, with both its times: a restart there costs a minute, and an outage here does not
read as "resolved" for a day.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import Message, incident_key, message_of, one_line
from tierwatch.notify.channels.sent_json import hidden, post_json, unusable

# How often what is open is posted again.
REPEAT_S: Final = 60.0
# How long it fires there unless it is posted again.
_LASTS: Final = dt.timedelta(days=1)
_TEST_LASTS: Final = dt.timedelta(minutes=5)
_LABEL_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class AlertmanagerDestination:
    """One Alertmanager; of a cluster each member is a destination of its own.

    Attributes:
        url: its address, before ``/api/v2``.
        name: what deliveries and pages call it.
        labels: added to every alert's own.
        token: sent as a bearer token; None for none.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "alertmanager"
    repeat_s: ClassVar[float] = REPEAT_S

    url: str = field(repr=False)
    name: str = "alertmanager"
    labels: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Post one event."""
        return unusable(event) or self.send_all([event])

    def send_all(self, events: Sequence[Mapping[str, Any]]) -> Answer:
        """Post what alerts are now, each by its newest event, in one request."""
        now = dt.datetime.now(dt.UTC)
        alerts = [_alert(event, self.labels, now) for event in events]
        headers = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        return post_json(
            f"{self.url.rstrip('/')}/api/v2/alerts",
            alerts,
            headers=headers,
            read=self._read,
            transport=self.transport,
        )

    def _read(self, answer: Answer, words: bytes) -> Answer:
        if answer.fate != "never":
            return answer
        said = hidden(words.decode("utf-8", "replace"), [self.url, self.token or ""])
        return Answer("never", f"{answer.detail}: {said}" if said else answer.detail)


def _alert(
    event: Mapping[str, Any], labels: Mapping[str, str], now: dt.datetime
) -> dict[str, object]:
    message = message_of(event)
    began = min(_moment(event.get("opened_at") or event["timestamp"], now), now)
    ends = now + _LASTS
    if message.action == "test":
        ends = now + _TEST_LASTS
    elif message.action == "resolve":
        # An end before the beginning is refused.
        ends = max(min(_moment(event["timestamp"], now), now), began)
    alert: dict[str, object] = {
        "labels": dict(labels) | _labels(event, message),
        "annotations": _annotations(message),
        "startsAt": began.isoformat(),
        "endsAt": ends.isoformat(),
    }
    if message.link:
        alert["generatorURL"] = message.link
    return alert


def _labels(event: Mapping[str, Any], message: Message) -> dict[str, str]:
    """An alert is its labels there: whatever can change would make a second one, never resolved."""
    kind = one_line(event.get("kind", ""), _LABEL_LENGTH)
    found = {
        "alertname": f"Tierwatch{''.join(word.capitalize() for word in kind.split('_'))}",
        "severity": message.severity,
        "tier": one_line(event.get("tier", ""), _LABEL_LENGTH),
        "segment": one_line(event.get("segment", ""), _LABEL_LENGTH),
        "tierwatch_alert": incident_key(event),
    }
    return {name: value for name, value in found.items() if value}


def _annotations(message: Message) -> dict[str, str]:
    found = {"summary": message.title, "description": message.sentence, "url": message.link}
    facts = {name.lower().replace(" ", "_"): value for name, value in message.facts}
    return {name: value for name, value in (found | facts).items() if value}


def _moment(value: object, otherwise: dt.datetime) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return otherwise
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)

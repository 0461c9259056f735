"""PagerDuty's Events API v2: one incident an alert, triggered, acknowledged and resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import Message, incident_key, message_of
from tierwatch.notify.channels.sent_json import post_json, unusable, with_reason

URL: Final = "https://events.pagerduty.com"
# Their limit; a longer summary is cut by us, where we know it.
_SUMMARY_LENGTH: Final = 1_024
# A wrong key is a 400 like any other there: of a form that no key has, as JSON; of nobody's, in
# plain words.
_WRONG_KEY: Final = ("routing_key", "routing key")


@dataclass(frozen=True, slots=True)
class PagerDutyDestination:
    """A service of PagerDuty.

    Attributes:
        key: the integration's routing key.
        name: what deliveries and pages call it.
        url: of the Events API; another one in Europe, or behind a relay.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "pagerduty"

    key: str = field(repr=False)
    name: str = "pagerduty"
    url: str = field(default=URL, repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Send one event; a test opens an incident of severity info and resolves it at once."""
        refused = unusable(event)
        if refused:
            return refused
        message = message_of(event)
        if message.action != "test":
            return self._enqueue(event, message, message.action)
        answer = self._enqueue(event, message, "trigger")
        return self._enqueue(event, message, "resolve") if answer.fate == "taken" else answer

    def _enqueue(self, event: Mapping[str, Any], message: Message, action: str) -> Answer:
        return post_json(
            f"{self.url.rstrip('/')}/v2/enqueue",
            {
                "routing_key": self.key,
                "event_action": action,
                "dedup_key": incident_key(event),
                "client": "tierwatch",
                "client_url": message.link,
                "payload": _payload(event, message),
            },
            read=with_reason(_errors, secrets=[self.key], wrong_key=_WRONG_KEY),
            transport=self.transport,
        )


def _payload(event: Mapping[str, Any], message: Message) -> dict[str, object]:
    summary = ": ".join(part for part in (message.title, message.sentence) if part)
    return {
        "summary": summary[:_SUMMARY_LENGTH],
        # Which tierwatch it is: services are often shared.
        "source": urlsplit(message.link).netloc or "tierwatch",
        "severity": message.severity,
        "timestamp": str(event.get("opened_at") or event["timestamp"]),
        "component": str(event.get("tier", "")),
        "group": str(event.get("segment", "")),
        "class": str(event.get("kind", "")),
        "custom_details": dict(message.facts),
    }


def _errors(document: Any) -> str:
    return "; ".join([document["message"], *document["errors"]])

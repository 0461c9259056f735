"""Opsgenie's Alert API, and Jira Service Management's of the same form: one alert an alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import quote

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import Message, incident_key, message_of
from tierwatch.notify.channels.sent_json import post_json, unusable, with_reason

URL: Final = "https://api.opsgenie.com"
_MESSAGE_LENGTH: Final = 130
# Said with 401, 403 or 422.
_WRONG_KEY: Final = ("authenticate", "Key format")
_PRIORITY: Final = {"critical": "P1", "warning": "P3", "info": "P5"}


@dataclass(frozen=True, slots=True)
class OpsgenieDestination:
    """An API integration of Opsgenie.

    Everything is taken with a 202 and done later: that an alert of this alias is not there any more
    is never said, and is no failure either.

    Attributes:
        key: the integration's API key.
        name: what deliveries and pages call it.
        url: of the API; another one in Europe and at Jira Service Management.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "opsgenie"

    key: str = field(repr=False)
    name: str = "opsgenie"
    url: str = field(default=URL, repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Send one event; a test opens an alert of priority P5 and closes it at once."""
        refused = unusable(event)
        if refused:
            return refused
        message, alias = message_of(event), incident_key(event)
        if message.action == "acknowledge":
            return self._move(alias, "acknowledge", event.get("acknowledged_by"), message)
        if message.action == "resolve":
            return self._move(alias, "close", event.get("resolved_by"), message)
        answer = self._post("/v2/alerts", _alert(alias, message))
        if message.action == "test" and answer.fate == "taken":
            return self._move(alias, "close", None, message)
        return answer

    def _move(self, alias: str, action: str, who: object, message: Message) -> Answer:
        body: dict[str, object] = {"source": "tierwatch", "note": message.text[:1_000]}
        if who:
            body["user"] = str(who)[:100]
        return self._post(f"/v2/alerts/{quote(alias, safe='')}/{action}?identifierType=alias", body)

    def _post(self, path: str, body: Mapping[str, object]) -> Answer:
        return post_json(
            f"{self.url.rstrip('/')}{path}",
            body,
            headers={"authorization": f"GenieKey {self.key}"},
            read=with_reason(_reason, secrets=[self.key], wrong_key=_WRONG_KEY),
            transport=self.transport,
        )


def _alert(alias: str, message: Message) -> dict[str, object]:
    return {
        "message": message.title[:_MESSAGE_LENGTH],
        "alias": alias,
        "description": message.text,
        "source": "tierwatch",
        "entity": dict(message.facts).get("Segment", ""),
        "priority": _PRIORITY[message.severity],
        "tags": ["tierwatch"],
        "details": dict(message.facts),
    }


def _reason(document: Any) -> object:
    return document["message"]

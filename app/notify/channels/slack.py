"""Slack's incoming webhooks: blocks, with a link and, where it can come back, a button."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import Message, incident_key, message_of
from tierwatch.notify.channels.sent_json import hidden, post_json, unusable

# The button's, in what Slack sends when it is pressed.
ACKNOWLEDGE: Final = "tierwatch_acknowledge"
_HEADER_LENGTH: Final = 150
_URL_LENGTH: Final = 3_000
_FIELDS: Final = 10
# What is at fault is the webhook, which a person makes anew, and not the event.
_GONE: Final = ("no_service", "invalid_token", "no_active_hooks", "channel_is_archived")


@dataclass(frozen=True, slots=True)
class SlackDestination:
    """A channel of Slack, by the address of an incoming webhook.

    Attributes:
        url: of the webhook, itself a secret.
        name: what deliveries and pages call it.
        button: whether to offer "Acknowledge"; only where presses are sent to the dashboard.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "slack"

    url: str = field(repr=False)
    name: str = "slack"
    button: bool = False
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Post one event as a message."""
        refused = unusable(event)
        if refused:
            return refused
        message = message_of(event)
        button = incident_key(event) if self.button and message.action == "trigger" else ""
        document = {
            # What notifications and screen readers have of it.
            "text": escaped(f"{message.title}: {message.sentence}"),
            "blocks": _blocks(message, str(event["id"]), button),
            "unfurl_links": False,
        }
        return post_json(self.url, document, read=self._read, transport=self.transport)

    def _read(self, answer: Answer, words: bytes) -> Answer:
        said = hidden(words.decode("utf-8", "replace"), [self.url])
        if answer.fate == "taken":
            # A proxy's page is no delivery either.
            return answer if said == "ok" else Answer("later", f"{answer.detail}, but not Slack's")
        if any(word in said for word in _GONE):
            return Answer("away", f"{answer.detail}: {said}", answer.wait_s)
        return replace(answer, detail=f"{answer.detail}: {said}") if said else answer


def escaped(text: str) -> str:
    """Text in which Slack finds no links, mentions or channels.

    >>> escaped("a < b & <!channel>")
    'a &lt; b &amp; &lt;!channel&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message, alert: str, button: str) -> list[dict[str, object]]:
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": _plain(message.title[:_HEADER_LENGTH])},
    ]
    if message.sentence:
        blocks.append({"type": "section", "text": _plain(message.sentence)})
    if message.facts:
        fields = [_plain(f"{name}: {value}") for name, value in message.facts]
        blocks.append({"type": "section", "fields": fields[:_FIELDS]})
    elements: list[dict[str, object]] = []
    if button:
        elements.append(
            {
                "type": "button",
                "action_id": ACKNOWLEDGE,
                "text": _plain("Acknowledge"),
                "value": json.dumps({"alert": alert, "key": button}),
            }
        )
    if message.link and len(message.link) <= _URL_LENGTH:
        opens = {"type": "button", "action_id": "tierwatch_open", "url": message.link}
        elements.append(opens | {"text": _plain("Open in tierwatch")})
    if elements:
        blocks.append({"type": "actions", "elements": elements})
    return blocks


def _plain(text: str) -> dict[str, object]:
    # plain_text: nothing in it is markup. Only line ends and < > & are special, and not here.
    return {"type": "plain_text", "text": text, "emoji": False}

"""Microsoft Teams, by a Workflows webhook: an Adaptive Card with a link."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import Message, message_of
from tierwatch.notify.channels.sent_json import post_json, unusable

_COLOUR: Final = {"critical": "attention", "warning": "warning", "info": "accent"}
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+\-!~|<>])")


@dataclass(frozen=True, slots=True)
class TeamsDestination:
    """A channel or chat of Teams.

    Attributes:
        url: of the workflow's trigger; it holds a signature, and so is a secret.
        name: what deliveries and pages call it.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "teams"

    url: str = field(repr=False)
    name: str = "teams"
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Post one event as a card."""
        refused = unusable(event)
        if refused:
            return refused
        return post_json(self.url, _card(message_of(event)), transport=self.transport)


def _card(message: Message) -> dict[str, object]:
    colour = "good" if message.action == "resolve" else _COLOUR[message.severity]
    title = {"type": "TextBlock", "size": "Large", "weight": "Bolder", "color": colour}
    facts = [{"title": name, "value": literal(value)} for name, value in message.facts]
    body: list[dict[str, object]] = [
        title | {"wrap": True, "text": literal(message.title)},
        {"type": "TextBlock", "wrap": True, "text": literal(message.sentence)},
        {"type": "FactSet", "facts": facts},
    ]
    card: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        # The newest that Teams shows everywhere.
        "version": "1.4",
        "body": body,
    }
    if message.link:
        opens = {"type": "Action.OpenUrl", "title": "Open in tierwatch", "url": message.link}
        card["actions"] = [opens]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def literal(text: str) -> str:
    r"""Text of a card in which nothing is Markdown.

    >>> literal("tier_a is *worse*")
    'tier\\_a is \\*worse\\*'
    """
    return _MARKUP.sub(r"\\\1", text)

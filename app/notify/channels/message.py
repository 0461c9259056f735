"""What people read of an event, whatever carries it: a title, the sentence, facts, a link.

Nothing of the evidence is in it, and so no prompt and no answer: other people's channels are kept
and searched by rules that are not ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Severity = Literal["critical", "warning", "info"]
Action = Literal["trigger", "acknowledge", "resolve", "test"]

_ACTIONS: Final[Mapping[str, Action]] = {
    "alert.opened": "trigger",
    "alert.renotified": "trigger",
    "alert.acknowledged": "acknowledge",
    "alert.resolved": "resolve",
    "alert.test": "test",
}
# What a title begins with.
_WORDS: Final = {
    "alert.opened": "",
    "alert.renotified": "Still open: ",
    "alert.acknowledged": "Acknowledged: ",
    "alert.resolved": "Resolved: ",
    "alert.test": "Test: ",
}
_SUMMARY_LENGTH: Final = 1_000
_FACT_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Message:
    """An event in words.

    Attributes:
        action: what it means to an incident tool.
        title: one line, such as "Resolved: misroute, standard/all".
        sentence: of the alert.
        facts: name and value, in the order that they are shown in.
        link: to the alert's page; empty without one.
        severity: of the alert.
    """

    action: Action
    title: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    link: str
    severity: Severity

    @property
    def text(self) -> str:
        """All of it as plain text, a line each."""
        facts = (f"{name}: {value}" for name, value in self.facts)
        return "\n".join(part for part in (self.title, self.sentence, *facts, self.link) if part)


def message_of(event: Mapping[str, Any]) -> Message:
    """An event in words. A type that this version does not know triggers, so nobody misses it.

    >>> message_of({"type": "alert.resolved", "kind": "misroute", "segment": "standard/all"}).title
    'Resolved: misroute, standard/all'
    """
    kind = str(event.get("type", ""))
    what = one_line(event.get("kind", "alert"), _FACT_LENGTH).replace("_", " ")
    segment = one_line(event.get("segment", ""), _FACT_LENGTH)
    facts = (
        ("Severity", _severity(event)),
        ("Tier", one_line(event.get("tier", ""), _FACT_LENGTH)),
        ("Segment", segment),
        ("Since", one_line(event.get("opened_at", ""), _FACT_LENGTH)),
        ("Acknowledged by", one_line(event.get("acknowledged_by") or "", _FACT_LENGTH)),
        ("Resolved by", one_line(event.get("resolved_by") or "", _FACT_LENGTH)),
    )
    return Message(
        action=_ACTIONS.get(kind, "trigger"),
        title=f"{_WORDS.get(kind, '')}{what}" + (f", {segment}" if segment else ""),
        sentence=one_line(event.get("summary", ""), _SUMMARY_LENGTH),
        facts=tuple((name, value) for name, value in facts if value),
        link=str(event.get("permalink", "")),
        severity=_severity(event),
    )


def incident_key(event: Mapping[str, Any]) -> str:
    """The name of an alert at other people's tools: the same in all its events, no other alert's.

    Two deployments count their alerts from one and may share a key of such a tool, so the moment of
    opening is part of it: it never changes, unlike a deployment's address or name.

    >>> incident_key({"id": 12, "opened_at": "2026-11-23T10:00:00.25+00:00"})
    'tierwatch-12-1795428000250000'
    """
    at = str(event.get("opened_at", ""))
    try:
        opened = datetime.fromisoformat(at)
    except ValueError:
        return f"tierwatch-{event['id']}"
    return f"tierwatch-{event['id']}-{round(opened.timestamp() * 1_000_000)}"


def one_line(value: object, length: int) -> str:
    r"""A value as one printable line of at most ``length`` characters.

    >>> one_line("two\nlines\x1b[2J", 20), one_line("much too long", 8)
    ('two lines [2J', 'much to…')
    """
    # Half a surrogate pair is not printable, so what is left can be encoded.
    shown = "".join(c if c.isprintable() else " " for c in str(value))
    words = " ".join(shown.split())
    return words if len(words) <= length else f"{words[: length - 1]}…"


def _severity(event: Mapping[str, Any]) -> Severity:
    found = event.get("severity")
    return found if found in {"critical", "warning", "info"} else "warning"

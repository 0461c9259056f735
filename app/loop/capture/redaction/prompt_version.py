"""Which version of a prompt asked: the caller's name for it, or a digest of the system prompt.

A team that changes a prompt changes what every tier answers, and no model's name says so. The
digest is of the words that no request changes: the redacted system prompt, without dates, times and
ids, so that what is filled in by machine makes no version of its own. A template that holds a
customer's name still does; such callers name their version.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from tierwatch.loop.capture.redact import Redactor, redacted_text
from tierwatch.routing.content import message_text
from tierwatch.wire.json_values import objects

# What a caller may name a version: fits a label, a link and a column, and needs no quotes.
ACCEPTED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}")
LONGEST: Final = 64
# Digests of 32 bits: among a thousand prompts two are one with a chance of 1 in 8,600.
_DIGEST_BYTES: Final = 4
_DIGEST_OF: Final = "system-"
_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
# Claude Code's first line, another with each request.
_BILLING: Final = "x-anthropic-billing-header"
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9._:/+-]+")
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
# What programs fill in: ids, dates and times of day, most exact first.
_FILLED_IN: Final = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|\s?[+-]\d{2}:?\d{2})?"
    rf"|{_DAY}\b(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}\.?\s+{_MONTH}),?\s+\d{{4}}\b"
    r"|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)


def prompt_version(said: str, chat: Mapping[str, object], redact: Redactor) -> str | None:
    """The version; None where the caller names none and there is no system prompt.

    Args:
        said: by the caller; what is not accepted counts as nothing.
        chat: the request in OpenAI's form.
        redact: what it would change is no name of a version.

    >>> prompt_version("checkout/v12", {}, lambda words: words)
    'checkout/v12'
    >>> chat = {"messages": [{"role": "system", "content": "Be brief. Today is 2026-11-30."}]}
    >>> later = {"messages": [{"role": "system", "content": "Be  brief. Today is 2026-12-01."}]}
    >>> prompt_version("two words", chat, lambda words: words)
    'system-89e8434b'
    >>> prompt_version("", later, lambda words: words)
    'system-89e8434b'
    """
    if is_accepted(said) and redacted_text(said, redact) == said:
        return said
    system = _system(chat)
    if not system:
        return None
    words = " ".join(_FILLED_IN.sub("#", redacted_text(system, redact)).split())
    digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES)
    return _DIGEST_OF + digest.hexdigest()


def is_accepted(said: str) -> bool:
    """Whether a caller may name a version so.

    >>> is_accepted("v1"), is_accepted(""), is_accepted("-v1"), is_accepted("jo@example.org")
    (True, False, False, False)
    """
    return ACCEPTED.fullmatch(said) is not None


def plain_version(*parts: str) -> str:
    """What another program calls a prompt and its version, as a name that is accepted.

    Without a version there is none: the name alone stays while the prompt changes.

    >>> plain_version("Movie critic", "3"), plain_version("critic", ""), plain_version("v1.0")
    ('Movie-critic:3', '', 'v1.0')
    """
    if not parts[-1]:
        return ""
    name, version = ":".join(part for part in parts[:-1] if part), parts[-1]
    plain = _NOT_PLAIN.sub("-", name).lstrip("._:/+-")
    ending = _NOT_PLAIN.sub("-", version)[: LONGEST // 2]
    # A name that is too long loses its own end, never the version's.
    kept = plain[: LONGEST - len(ending) - 1].rstrip(":")
    return f"{kept}:{ending}" if kept else ending.lstrip("._:/+-")


def _system(chat: Mapping[str, object]) -> str:
    """The words of the messages that no user wrote and that stand first."""
    words = []
    for message in objects(chat.get("messages")):
        if message.get("role") not in _SYSTEM_ROLES:
            break
        words.append(message_text(message))
    system = "\n".join(words)
    return system.partition("\n")[2] if system.startswith(_BILLING) else system

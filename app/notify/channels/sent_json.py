"""A document of a vendor's form, posted as JSON; what the vendor says of it, without secrets."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import one_line
from tierwatch.notify.event import missing_keys
from tierwatch.notify.posting import post

_SAID_LENGTH: Final = 200


def unusable(event: Mapping[str, Any]) -> Answer | None:
    """The answer to an event that has no id, type or time: no channel can send it."""
    missing = missing_keys(event)
    return Answer("never", f"not sent: the event has no {missing}") if missing else None


def post_json(
    url: str,
    document: object,
    *,
    headers: Mapping[str, str] | None = None,
    read: Callable[[Answer, bytes], Answer] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Answer:
    """Post a document once.

    ASCII with escapes: half a surrogate pair in a text is then still valid JSON.
    """
    content = json.dumps(document, allow_nan=False).encode("ascii")
    return post(
        url,
        content,
        {"content-type": "application/json", **(headers or {})},
        transport=transport,
        read=read,
    )


def with_reason(
    reason_in: Callable[[Any], object],
    *,
    secrets: Sequence[str] = (),
    wrong_key: Sequence[str] = (),
) -> Callable[[Answer, bytes], Answer]:
    """Reads a refusal's reason out of a vendor's JSON, for `post_json`.

    Args:
        reason_in: the reason in the document; a document that it cannot read has none.
        secrets: hidden, should the vendor repeat them.
        wrong_key: words that say, in whatever case and whether as JSON or not, that the key is at
            fault and not the event: then the destination is away until somebody mends it.
    """

    def read(answer: Answer, words: bytes) -> Answer:
        if answer.fate == "taken":
            return answer
        reason = _reason(reason_in, words)
        # Some refuse a key before they read the event, and in plain words; of a page that another
        # server put before it nothing is shown.
        said = reason or words.decode("utf-8", "replace")
        wrong = any(word.lower() in said.lower() for word in wrong_key)
        if not reason and not wrong:
            return answer
        fate = "away" if wrong else answer.fate
        return replace(answer, fate=fate, detail=f"{answer.detail}: {hidden(said, secrets)}")

    return read


def hidden(text: str, secrets: Sequence[str]) -> str:
    """A stranger's text as it may be shown: one line, and none of our secrets in it."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "(hidden)")
    return one_line(text, _SAID_LENGTH)


def _reason(reason_in: Callable[[Any], object], words: bytes) -> str:
    try:
        return str(reason_in(json.loads(words))).strip()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""

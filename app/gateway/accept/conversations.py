"""Which conversation a request is a turn of, or beside which one it was asked."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tierwatch.config import Config
from tierwatch.gateway.accept.session_names import named_session
from tierwatch.gateway.accept.side_calls import agent_of, side_call
from tierwatch.gateway.asked import Headers
from tierwatch.routing.content import message_text
from tierwatch.routing.harness import human_text

# Enough to tell one program from another. What stands behind it, documents that were looked up or
# the time, may be another with each turn.
_SYSTEM_HEAD = 128
# Of the first turn; a book that was pasted is told by its ends and its length.
_ENDS = 2_000
_DIGITS = b"0123456789"
_BILLING = "x-anthropic-billing-header"
_SYSTEM_ROLES = frozenset({"system", "developer"})
# Letters alone: no redaction takes a row of them for a number of somebody's.
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
_PREFIX = "opening:"
# Longer names are told apart by a digest; they are compared, stored and shown.
_LONGEST_NAME = 128
# What tells two people of one key apart who begin with the same words.
_PEOPLE = ("safety_identifier", "prompt_cache_key")
_PERSONAL = frozenset((*_PEOPLE, "metadata"))
_PERSON_HEADER = b"x-openwebui-user-id"


class Conversation(NamedTuple):
    """Where a request belongs.

    Attributes:
        session: the conversation: the caller's name for it, else one made of how it began.
        named: whether the caller named it.
        side_call: what a program asked beside it; empty for a turn of it.
    """

    session: str
    named: bool
    side_call: str


class Conversations:
    """Tells conversations apart. Used by every request of all wires at once.

    Args:
        secret: of this deployment: names that are made say nothing to who does not have it. The
            same in all its gateways, or each has names of its own.
    """

    def __init__(self, secret: bytes) -> None:
        self._begun = hashlib.blake2b(
            key=hashlib.sha256(secret).digest(), digest_size=16, person=b"opening"
        )

    def conversation(
        self, headers: Headers, request: Mapping[str, Any], chat: Mapping[str, Any], key: bytes
    ) -> Conversation:
        """The conversation of a request.

        Args:
            headers: of the request.
            request: its body, on the caller's wire.
            chat: the same in OpenAI's dictionaries.
            key: the caller's.
        """
        kind = side_call(headers, request, chat)
        named = named_session(headers, request)
        if not named:
            return Conversation(
                self._opening(headers, request, chat, key), named=False, side_call=kind
            )
        if agent := agent_of(headers):
            # An agent has a history of its own, and keeps its own tier.
            named, kind = f"{named}/{agent}", kind or "subagent"
        if len(named) > _LONGEST_NAME:
            digest = hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=16)
            named = f"{named[: _LONGEST_NAME - 33]}#{_letters(digest)}"
        return Conversation(named, named=True, side_call=kind)

    def _opening(
        self, headers: Headers, request: Mapping[str, Any], chat: Mapping[str, Any], key: bytes
    ) -> str:
        """A name made of who asks, which program for, and the first words of the person."""
        messages = chat["messages"]
        system, first = _beginning(messages)
        person = _person(headers, request)
        digest = self._begun.copy()
        # Lengths first: no part can be taken for another's end.
        digest.update(
            b"%d %d %d %b%b%b%b" % (len(key), len(person), len(system), key, person, system, first)
        )
        return _PREFIX + _letters(digest)


def _letters(digest: "hashlib.blake2b") -> str:
    return digest.hexdigest().encode().translate(_LETTERS).decode()


def deployment_secret(config: Config, environ: Mapping[str, str]) -> bytes:
    """What all gateways of a deployment know and nobody else: the keys of its providers.

    A key that is replaced begins all conversations anew. Empty where no provider asks for one.
    """
    keys = (one.api_key for _, one in sorted(config.providers.items()) if one.api_key is not None)
    return "\0".join(environ.get(key.variable, "") for key in keys).encode("utf-8", "replace")


def _beginning(messages: Sequence[Mapping[str, Any]]) -> tuple[bytes, bytes]:
    """The head of the system prompt, and the first turn of a person."""
    system, first = b"", None
    for message in messages:
        role = message.get("role")
        if role == "user":
            if text := human_text(message):
                return system, _turn(message, text)
            first = message if first is None else first
        elif not system and role in _SYSTEM_ROLES:
            system = _program(message_text(message))
    # Nobody has said a word: a picture, or a program that speaks to a model.
    told = first or (messages[0] if messages else {})
    return system, _turn(told, message_text(told))


def _program(text: str) -> bytes:
    """What of a system prompt stays the same from turn to turn: its head, without numbers."""
    if text.startswith(_BILLING):
        text = text.partition("\n")[2]
    return text[:_SYSTEM_HEAD].encode("utf-8", "replace").translate(None, _DIGITS)


def _turn(message: Mapping[str, Any], text: str) -> bytes:
    if len(text) > 2 * _ENDS:
        text = f"{len(text)} {text[:_ENDS]}{text[-_ENDS:]}"
    said = text.encode("utf-8", "replace")
    content = message.get("content")
    return said if isinstance(content, str) else said + _media(content)


def _media(content: object) -> bytes:
    """What tells one picture or file from another: their lengths and last characters."""
    if not isinstance(content, list):
        return b""
    marks = [mark for part in content for mark in _strings(part, depth=3) if len(mark) > _ENDS // 8]
    return "".join(f"\0{len(mark)} {mark[-64:]}" for mark in marks).encode("utf-8", "replace")


def _strings(value: object, *, depth: int) -> list[str]:
    """Texts within a part that is no text itself."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Mapping) or not depth or value.get("type") in {"text", "input_text"}:
        return []
    return [text for inner in value.values() for text in _strings(inner, depth=depth - 1)]


def _person(headers: Headers, request: Mapping[str, Any]) -> bytes:
    """Who asks, as far as the caller says; it is a part of a digest and stays in no other form."""
    if _PERSONAL.isdisjoint(request):
        return headers.get(_PERSON_HEADER, b"")
    metadata = request.get("metadata")
    said = [request.get(name) for name in _PEOPLE]
    said.append(metadata.get("user_id") if isinstance(metadata, Mapping) else None)
    known = [value for value in said if isinstance(value, str)]
    person = headers.get(_PERSON_HEADER, b"")
    return "\0".join(known).encode("utf-8", "replace") + person if known else person

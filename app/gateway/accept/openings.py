"""A name for a conversation that nobody named, made of how it began.

Made of who asks, the head of the system prompt and the first turn of a person. A program that
begins every request with the same words (worked examples before the question, or one sentence under
a system prompt that holds the material) would have one conversation for all its traffic, and its
pairs would count as one. So a beginning that goes on in more ways than a conversation does is taken
for the program's, and what follows it is part of the name. Each process learns that by itself, so
two may call a conversation differently while one of them does not know (docs/statistics.md has the
price): no pure function of a request knows what other requests share.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from tierwatch.gateway.asked import Headers
from tierwatch.routing.content import message_text, role_of
from tierwatch.routing.harness import human_text, written_by_person

# Enough to tell one program from another. What stands behind it, documents that were looked up or
# the time, may be another with each turn.
_SYSTEM_HEAD = 128
# Of a turn, some 20 us to digest; a book that was pasted is told by its ends and its length. A
# program's instructions may be long on both sides of what each request is about, and that of one
# length.
_ENDS = 16_000
# Of media, what is shorter may be anything.
_LEAST_MEDIA = 250
# A person edits a turn, asks it again, and has it answered twice; beyond that it is a program.
_WAYS = 3
_MOST_EXAMPLES = 16
# Beginnings that are remembered, of about 0.3 kB each. One that is forgotten is learned again.
_MOST_BEGINNINGS = 20_000
# Messages before which there is no second turn: a system prompt and the first.
_TWO = 2
_DIGITS = b"0123456789"
_BILLING = "x-anthropic-billing-header"
_SYSTEM_ROLES = frozenset({"system", "developer"})
# Letters alone: no redaction takes a row of them for a number of somebody's.
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
_PREFIX = "opening:"
# What tells two people of one key apart who begin with the same words.
_PEOPLE = ("safety_identifier", "prompt_cache_key")
_PERSONAL = frozenset((*_PEOPLE, "metadata"))
_PERSON_HEADER = b"x-openwebui-user-id"

_Messages = Sequence[Mapping[str, Any]]


class Openings:
    """Names conversations by how they began. Used by every request of all wires at once.

    Args:
        secret: of this deployment: the names say nothing to who does not have it. The same in all
            its gateways, or each has names of its own.
    """

    def __init__(self, secret: bytes) -> None:
        self._begun = hashlib.blake2b(
            key=hashlib.sha256(secret).digest(), digest_size=16, person=b"opening"
        )
        # Beginning -> ways in which it went on; none where there are too many to be a person's.
        self._ways: dict[str, tuple[int, ...]] = {}

    def name(
        self, headers: Headers, request: Mapping[str, Any], messages: _Messages, key: bytes
    ) -> str:
        """The name of the conversation that a request is a turn of.

        Args:
            headers: of the request.
            request: its body, on the caller's wire.
            messages: of the chat in OpenAI's dictionaries.
            key: the caller's.
        """
        system = _system(messages)
        turns: Iterator[bytes] = iter(())
        first: bytes | None = _only_turn(messages)
        if not first:
            turns = _turns(messages)
            first = next(turns, None)
        if first is None:  # nobody has said a word: a program that speaks to a model
            first = _turn(messages[0], message_text(messages[0])) if messages else b""
        head = _said(system[:_SYSTEM_HEAD]) if system else b""
        person = _person(headers, request)
        digest = self._begun.copy()
        # Lengths first: no part can be taken for another's end.
        digest.update(
            b"%d %d %d %b%b%b%b" % (len(key), len(person), len(head), key, person, head, first)
        )
        name = digest.hexdigest()
        if len(system) > _SYSTEM_HEAD:
            name = self._under(system, name, answered=_is_answered(messages))
        if len(messages) > _TWO:
            name = self._followed(name, turns)
        return _PREFIX + letters(name)

    def _under(self, system: str, name: str, *, answered: bool) -> str:
        """The name, with the system prompt in it where that holds what each request is about.

        Only requests that begin say so: within a conversation documents are looked up anew.
        """
        at = f"{name} system"
        program = self._ways.get(at) == () if answered else self._is_programs(at, hash(system))
        return self._with(name, _said(system)) if program else name

    def _followed(self, name: str, turns: Iterator[bytes]) -> str:
        """The name, with the turns in it up to the first that a program did not write.

        Of several examples only the last goes on in many ways, so all are looked at.
        """
        beginning = name
        for turn in islice(turns, _MOST_EXAMPLES):
            program = self._is_programs(beginning, hash(turn))
            beginning = self._with(beginning, turn)
            if program:
                name = beginning
        return name

    def _is_programs(self, beginning: str, way: int) -> bool:
        """Whether a beginning goes on in too many ways to be a person's; counts this one."""
        known = self._ways.get(beginning)
        if known is None:
            if len(self._ways) >= _MOST_BEGINNINGS:
                del self._ways[next(iter(self._ways))]
            self._ways[beginning] = (way,)
            return False
        if not known or way in known:
            return not known
        self._ways[beginning] = (*known, way) if len(known) < _WAYS else ()
        return len(known) >= _WAYS

    def _with(self, name: str, more: bytes) -> str:
        digest = self._begun.copy()
        digest.update(b"%b %b" % (name.encode(), more))
        return digest.hexdigest()


def letters(hexadecimal: str) -> str:
    """A digest in letters: a row of digits looks like somebody's number to a redactor.

    >>> letters("09af")
    'ajkp'
    """
    return hexadecimal.encode().translate(_LETTERS).decode()


def _system(messages: _Messages) -> str:
    """The system prompt, where one stands first."""
    if not messages or role_of(messages[0]) not in _SYSTEM_ROLES:
        return ""
    text = message_text(messages[0])
    return text.partition("\n")[2] if text.startswith(_BILLING) else text


def _said(system: str) -> bytes:
    """What of a system prompt stays the same when days pass: all but its numbers."""
    return system.encode("utf-8", "replace").translate(None, _DIGITS)


def _turns(messages: _Messages) -> Iterator[bytes]:
    """What persons said, turn by turn; the first may be a picture alone."""
    shown: Mapping[str, Any] | None = None
    for message in messages:
        if message.get("role") != "user":
            if shown is not None:
                yield _turn(shown, message_text(shown))
            shown = None
        elif text := human_text(message):
            yield _turn(message, text)
            shown = None
        elif shown is None:
            shown = message
    if shown is not None:
        yield _turn(shown, message_text(shown))


def _only_turn(messages: _Messages) -> bytes:
    """What the one turn of a chat says, where that is plain words; most requests are such."""
    if not 0 < len(messages) <= _TWO or messages[-1].get("role") != "user":
        return b""
    if len(messages) == _TWO and role_of(messages[0]) not in _SYSTEM_ROLES:
        return b""
    content = messages[-1].get("content")
    if not isinstance(content, str) or len(content) > 2 * _ENDS:
        return b""
    return written_by_person(content).encode("utf-8", "replace")


def _is_answered(messages: _Messages) -> bool:
    return any(message.get("role") == "assistant" for message in messages)


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
    marks = [
        mark for part in content for mark in _strings(part, depth=3) if len(mark) > _LEAST_MEDIA
    ]
    return "".join(f"\0{len(mark)} {mark[-64:]}" for mark in marks).encode("utf-8", "replace")


def _strings(value: object, *, depth: int) -> list[str]:
    """Texts within a part that is no text itself."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Mapping) or not depth or value.get("type") in ("text", "input_text"):
        return []  # a tuple: what callers send as a type may have no hash
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

"""Recorded traffic: one JSON object a line, as a router served it, with each tier's answer.

The file may be gzipped. It is read line by line; what a line has wrong is said and skipped, so that
one bad line in a million costs one line.
"""

import gzip
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import orjson

from tierwatch.errors import TrafficError

# The longest context of today's models is some 4 MB of text; a longer line is not an exchange.
MAX_LINE_BYTES = 10 * 1000 * 1000

_GZIP_MAGIC = b"\x1f\x8b"
_VERDICTS = frozenset({"worse", "tie", "better"})


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What one tier answered. ``score`` is in [0, 1], or None where it was not graded."""

    text: str
    cost_usd: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One recorded request with the answers of every tier that was asked.

    Attributes:
        id: unique name within the file, for people.
        at_s: arrival in seconds since the start of the recording.
        session: the conversation it belongs to.
        task: what kind of task it is; for reporting, a router must not read it.
        messages: the request, in OpenAI's form.
        answers: answer by tier, in the file's order (cheapest first).
        verdicts: ``"lower<higher" -> worse | tie | better``, of the lower tier's answer.
    """

    id: str
    at_s: float
    session: str
    task: str
    messages: tuple[Mapping[str, Any], ...]
    answers: Mapping[str, RecordedAnswer]
    verdicts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no exchange. ``number`` counts from 1; ``why`` is a clause."""

    number: int
    why: str


def read_traffic(path: str | Path) -> Iterator[RecordedExchange | BadLine]:
    """Read a file, gzipped or plain, an exchange at a time and in its order.

    Empty lines are read over. A line longer than ``MAX_LINE_BYTES`` is passed without being held.

    Raises:
        TrafficError: the file cannot be opened, or its compression breaks off.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            yield from _exchanges(gzip.GzipFile(fileobj=raw) if zipped else raw)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TrafficError(f"{path}: cannot be read: {reason}") from error


class _Lines(Protocol):
    def readline(self, size: int, /) -> bytes: ...


def _exchanges(lines: _Lines) -> Iterator[RecordedExchange | BadLine]:
    number = 0
    while line := lines.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = lines.readline(1 << 20)
            yield BadLine(number, f"longer than {MAX_LINE_BYTES:,} bytes")
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _exchange(line, number)


class _UnusableLineError(ValueError):
    """Says, as a clause, why a line is no exchange."""


def _exchange(line: bytes, number: int) -> RecordedExchange | BadLine:
    try:
        value = orjson.loads(line)  # refuses half a surrogate pair and bytes that are not UTF-8
        if not isinstance(value, dict):
            return BadLine(number, "not a JSON object")
        answers = value.get("answers")
        if not isinstance(answers, dict) or not answers:
            return BadLine(number, "has no answers")
        at_s = value.get("at_s", 0.0)
        return RecordedExchange(
            id=_name(value.get("id"), f"line-{number}"),
            at_s=_number(at_s, "at_s"),
            session=_name(value.get("session"), f"line-{number}"),
            task=_name(value.get("task"), ""),
            messages=_messages(value.get("messages")),
            answers=MappingProxyType({t: _answer(t, a) for t, a in answers.items()}),
            verdicts=_verdicts(value.get("verdicts")),
        )
    except orjson.JSONDecodeError as error:
        return BadLine(number, f"not JSON ({error.msg})")
    except _UnusableLineError as error:
        return BadLine(number, str(error))


def _name(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _number(value: object, what: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and number >= 0:
            return number
    raise _UnusableLineError(f"{what} is not a number of 0 or more")


def _messages(value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not value:
        raise _UnusableLineError("has no messages")
    for message in value:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _UnusableLineError("a message is not an object with a role")
        if not isinstance(message.get("content"), str | list | None):
            raise _UnusableLineError("a message's content is neither text nor parts")
    return tuple(value)


def _answer(tier: str, value: object) -> RecordedAnswer:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise _UnusableLineError(f"the answer of {tier!r} has no text")
    score = value.get("score")
    if score is not None:
        score = _number(score, f"the score of {tier!r}")
        if score > 1:
            raise _UnusableLineError(f"the score of {tier!r} is above 1")
    cost = _number(value.get("cost_usd", 0.0), f"the cost of {tier!r}")
    return RecordedAnswer(value["text"], cost, score)


def _verdicts(value: object) -> Mapping[str, str]:
    if value is None:
        return MappingProxyType({})
    if not isinstance(value, dict) or not set(map(str, value.values())) <= _VERDICTS:
        raise _UnusableLineError(f"a verdict is none of {', '.join(sorted(_VERDICTS))}")
    return MappingProxyType(value)

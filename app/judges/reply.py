"""Reading a verdict from what a judge's model replied, whatever else it says."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from tierwatch.errors import UnreadableVerdictError
from tierwatch.judges.transcript import readable

RAW_CHARS = 2_000
# The verdict stands at the end; reading no more than this bounds the work on a runaway reply.
_READ_CHARS = 8_000
_VERDICTS: dict[str, Literal["A", "B", "tie"]] = {"a": "A", "b": "B", "tie": "tie"}
# The start of an object that could not be read, or a verdict outside of those that could: then
# what could be read may be a mere quotation, such as a verdict an answer wrote for itself.
_LEFT_OVER = re.compile("""\\{\\s*["'\u201c]|["'\u201c]verdict["'\u201d]\\s*:""", re.IGNORECASE)
_THOUGHT_ENDS = "</think>"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a judge's reply, in its own words: A, B or tie."""

    verdict: Literal["A", "B", "tie"]
    reason: str


def read_verdict(reply: str) -> Reading:
    """Read a verdict: the reply as one JSON object, else the last JSON object in it.

    Prose and code fences round the object are allowed, as is a leading ``<think>`` part.

    Raises:
        UnreadableVerdictError: no object with a verdict of A, B or tie; several that differ; or
            JSON beside it that cannot be read, so that what can be may be a mere quotation.

    >>> read_verdict('{"reason": "A is wrong.", "verdict": "B"}').verdict
    'B'
    """
    text = reply[-_READ_CHARS:].strip()
    if reply.lstrip().startswith("<think>"):
        _, ended, said_aloud = text.rpartition(_THOUGHT_ENDS)
        text = said_aloud if ended else ""
    objects, rest = _json_objects(text)
    said = [one for one in objects if "verdict" in one]
    if not said:
        raise UnreadableVerdictError("The reply holds no JSON object with a verdict.")
    readings = [_reading(one) for one in said]
    if len({reading.verdict for reading in readings}) > 1:
        raise UnreadableVerdictError("The reply holds verdicts that contradict each other.")
    if _LEFT_OVER.search(rest):
        raise UnreadableVerdictError("The reply holds JSON that cannot be read beside a verdict.")
    return readings[-1]


def _reading(said: dict[str, Any]) -> Reading:
    word = said["verdict"]
    verdict = _VERDICTS.get(word.strip().lower()) if isinstance(word, str) else None
    if verdict is None:
        raise UnreadableVerdictError(f"The verdict is {str(word)[:80]!r}, not A, B or tie.")
    reason = said.get("reason")
    return Reading(verdict, readable(reason)[:RAW_CHARS] if isinstance(reason, str) else "")


def _json_objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """The outermost JSON objects in the text, in order, and the text outside of them."""
    decoder = json.JSONDecoder(object_pairs_hook=_each_key_once)
    found: list[dict[str, Any]] = []
    outside: list[str] = []
    read_to = 0
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError):
            start = text.find("{", start + 1)
            continue
        except ValueError as problem:  # a verdict given twice, or a number too long to be one
            raise UnreadableVerdictError(f"The reply's JSON is no verdict: {problem}.") from None
        found.append(value)
        outside.append(text[read_to:start])
        read_to = end
        start = text.find("{", end)
    return found, "\n".join([*outside, text[read_to:]])


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if keys.count("verdict") > 1:
        raise ValueError("the verdict is given twice")
    return dict(pairs)

"""Reading a verdict from what a judge's model replied, whatever else it says.

Models write JSON carelessly where a reason holds mathematics, code, paths or quotations, so reading
is tolerant of the reason. It is strict about whose word a verdict is: what could be a quotation
from a judged answer is never read as the judge's own.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from tierwatch.errors import UnreadableVerdictError
from tierwatch.judges.transcript import readable

RAW_CHARS = 2_000
# The verdict stands at the end; reading no more than this bounds the work on a runaway reply.
_READ_CHARS = 8_000
# `A`, `b.`, `Answer A`, `ANSWER_B`, `**A**`, `tie`; nothing that names both.
_WORD = re.compile(
    r"[\W_]*(?:(?:the[\W_]+)?answer[\W_]*)?(?P<side>[ab])[\W_]*|[\W_]*(?:a[\W_]+)?tie[\W_]*"
)
_VERDICTS: dict[str | None, Literal["A", "B", "tie"]] = {"a": "A", "b": "B", None: "tie"}
_OPENS = "\\{\\s*[\"'\u201c]"
_NAMES_VERDICT = "[\"'\u201c]verdict[\"'\u201d]\\s*:"
# The start of an object that could not be read, or a verdict outside of those that could: then
# what could be read may be a mere quotation, such as a verdict an answer wrote for itself.
_LEFT_OVER = re.compile(f"{_OPENS}|{_NAMES_VERDICT}", re.IGNORECASE)
_OBJECT_OPENS = re.compile(_OPENS)
_VERDICT_NAMED = re.compile(_NAMES_VERDICT, re.IGNORECASE)
_THINKING_STARTS = re.compile(r"\s*(?:<think(?:ing)?>|<thought>|<reasoning>|\[THINK\])")
_THINKING_ENDS = re.compile(
    r"</think(?:ing)?>|</thought>|</reasoning>|\[/THINK\]|<\|channel\|>final<\|message\|>"
)
_STARTS_AS_OBJECT = re.compile(r"\s*(?:```(?:json)?\s*)?\{", re.IGNORECASE)
_FENCE = re.compile(r"\s*```(?:json)?\s*(?P<inside>.*?)\s*```\s*", re.DOTALL | re.IGNORECASE)
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
# What may differ between a text and a quotation of it.
_QUOTED_OTHERWISE = re.compile("[\\s\\\\\"'`\u201c\u201d\u2018\u2019]+")
# The form that was asked for, from the reply's first sign to its last, with a reason of any text.
_ASKED_FORM = re.compile(
    r'\{\s*"reason"\s*:\s*"(?P<reason>.*)"\s*,\s*"verdict"\s*:\s*"(?P<word>[^"{}\\]{1,40})"\s*\}'
    r'|\{\s*"verdict"\s*:\s*"(?P<first>[^"{}\\]{1,40})"\s*,\s*"reason"\s*:\s*"(?P<last>.*)"\s*\}',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a judge's reply, in its own words: A, B or tie."""

    verdict: Literal["A", "B", "tie"]
    reason: str


def read_verdict(reply: str, judged: str = "") -> Reading:
    r"""Read a verdict: the reply as one JSON object, else the last JSON object in it.

    Prose and code fences round the object are allowed, and what the model thought before it is
    left out. Inside the reason raw line breaks and backslashes that begin no escape are taken as
    they stand; so are quotation marks, where the reply is nothing but the object.

    Args:
        reply: the model's.
        judged: the texts it was shown. A verdict that stands in them, and in the reply beside other
            words, is a quotation.

    Raises:
        UnreadableVerdictError: no object with a verdict of A, B or tie; several that differ; or
            what could be read may be a mere quotation.

    >>> read_verdict('{"reason": "A is wrong.", "verdict": "B"}').verdict
    'B'
    >>> read_verdict(r'{"reason": "By \(x^2\) and the "rule".", "verdict": "Answer A"}').verdict
    'A'
    """
    text = said_aloud(reply)
    try:
        return _from_objects(text, judged)
    except UnreadableVerdictError as problem:
        found = _from_escaped(text, judged) or _from_asked_form(text)
        if found is None:
            raise problem from None
        return found


def _from_objects(text: str, judged: str) -> Reading:
    """The verdict of the JSON objects in the text.

    Raises:
        UnreadableVerdictError: see `read_verdict`.
    """
    objects = _json_objects(text)
    said = [one for one in objects if "verdict" in one.value]
    if not said:
        raise UnreadableVerdictError("The reply holds no JSON object with a verdict.")
    readings = [_reading(one.value["verdict"], one.value.get("reason")) for one in said]
    if len({reading.verdict for reading in readings}) > 1:
        raise UnreadableVerdictError("The reply holds verdicts that contradict each other.")
    if _LEFT_OVER.search(_outside(text, objects)):
        raise UnreadableVerdictError("The reply holds JSON that cannot be read beside a verdict.")
    if not _is_whole(text, said) and all(_stands_in(judged, text[o.start : o.end]) for o in said):
        raise UnreadableVerdictError("The reply's verdict may be a quotation of what was judged.")
    return readings[-1]


def _from_escaped(text: str, judged: str) -> Reading | None:
    escaped = escaped_backslashes(text)
    try:
        return None if escaped == text else _from_objects(escaped, judged)
    except UnreadableVerdictError:
        return None


def _from_asked_form(text: str) -> Reading | None:
    """The verdict of a reply that has the form asked for, but for quotation marks in its reason.

    Nothing may stand before or after it, since then a quotation that broke off could look alike.
    """
    found = _ASKED_FORM.fullmatch(_unfenced(text))
    if found is None:
        return None
    word = found["word"] or found["first"]
    reason = found["reason"] if found["word"] else found["last"]
    if _VERDICT_NAMED.search(reason):
        return None  # it quotes a verdict: which of them is its own is not certain
    try:
        return _reading(word, reason)
    except UnreadableVerdictError:
        return None


def _reading(word: object, reason: object) -> Reading:
    found = _WORD.fullmatch(word.lower()) if isinstance(word, str) else None
    if found is None:
        raise UnreadableVerdictError(f"The verdict is {str(word)[:80]!r}, not A, B or tie.")
    text = readable(reason)[:RAW_CHARS] if isinstance(reason, str) else ""
    return Reading(_VERDICTS[found["side"]], text)


def escaped_backslashes(text: str) -> str:
    r"""JSON in which a backslash that begins no escape counts as a sign.

    >>> escaped_backslashes(r'"\(x\), C:\Users, \n"')
    '"\\\\(x\\\\), C:\\\\Users, \\n"'
    """
    return _ESCAPE.sub(lambda found: found[0] if len(found[0]) > 1 else "\\\\", text)


def said_aloud(reply: str) -> str:
    """The end of the reply without what was thought before it.

    A sign that ends thinking counts where it is no part of an object: a reason may quote one.
    """
    text = reply[-_READ_CHARS:].strip()
    thinks = _THINKING_STARTS.match(reply) is not None
    start = 0
    if _THINKING_ENDS.search(text):
        plain = _outside(text, _json_objects(text, any_value=True))
        for mark in _THINKING_ENDS.finditer(plain):
            if (thinks and start == 0) or not _object_open(plain[start : mark.start()]):
                start = mark.end()
    return "" if thinks and start == 0 else text[start:].strip()


def _object_open(before: str) -> bool:
    """Whether an object that cannot be read may be open at the end of this text."""
    opened = [found.start() for found in _OBJECT_OPENS.finditer(before)]
    if not opened:
        return False
    return bool(_STARTS_AS_OBJECT.match(before)) or "}" not in before[opened[-1] :]


class _Object(NamedTuple):
    """A JSON object, and where in the text it stands."""

    value: dict[str, Any]
    start: int
    end: int


def _json_objects(text: str, *, any_value: bool = False) -> list[_Object]:
    """The outermost JSON objects in the text, in order.

    Args:
        text: searched.
        any_value: also those that give a verdict twice or hold a number too long to be one.

    Raises:
        UnreadableVerdictError: there is one of those.
    """
    hook = dict if any_value else _each_key_once
    decoder = json.JSONDecoder(object_pairs_hook=hook, strict=False)
    found: list[_Object] = []
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except ValueError as problem:
            if not isinstance(problem, json.JSONDecodeError) and not any_value:
                raise UnreadableVerdictError(
                    f"The reply's JSON is no verdict: {problem}."
                ) from None
            start = text.find("{", start + 1)
            continue
        except RecursionError:
            start = text.find("{", start + 1)
            continue
        found.append(_Object(value, start, end))
        start = text.find("{", end)
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = [(key.strip().lower(), value) for key, value in pairs]
    if sum(key == "verdict" for key, _ in named) > 1:
        raise ValueError("the verdict is given twice")
    return dict(named)


def _outside(text: str, objects: Sequence[_Object]) -> str:
    """The text with a NUL for each sign of the objects."""
    edges = [0, *(edge for one in objects for edge in (one.start, one.end)), len(text)]
    parts = [text[start:end] for start, end in pairwise(edges)]
    return "".join("\0" * len(part) if n % 2 else part for n, part in enumerate(parts))


def _unfenced(text: str) -> str:
    fenced = _FENCE.fullmatch(text)
    return fenced["inside"] if fenced else text.strip()


def _is_whole(text: str, said: Sequence[_Object]) -> bool:
    """Whether the reply is one object and nothing else."""
    return len(said) == 1 and len(_unfenced(text)) == said[0].end - said[0].start


def _stands_in(judged: str, quoted: str) -> bool:
    """Whether a text is found in what was judged, whatever marks and spaces it is quoted with."""
    one, other = (_QUOTED_OTHERWISE.sub("", text.casefold()) for text in (quoted, judged))
    return one in other

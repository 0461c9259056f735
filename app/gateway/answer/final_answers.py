"""Whether several answers to one question agree: what each comes down to. Pure."""

import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tierwatch.gateway.answer.answer_faults import json_form
from tierwatch.judges.answer_form import NOT_JSON, read_json
from tierwatch.judges.structural import canonical_arguments
from tierwatch.judges.transcript import canonical_json, content_text, tool_calls

# Conclusions stand at the end; the event loop must not search 200,000 characters.
_TAIL = 4_000
# Digits that Decimal compares exactly.
_MOST_DIGITS = 28
# Text of at most so many words is a final answer by itself.
_SHORT_WORDS = 12
_BOXED = re.compile(r"\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_HASHES = re.compile(r"^####\s*(\S.*)$", re.MULTILINE)
_NAMED = re.compile(
    r"(?:final answer|correct answer|correct option|answer|result)\s*(?:is|:|=)[\s:*]*",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(r"=|≈|\b(?:therefore|thus|hence|so|total|altogether)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])[-+]?[$€£]?\d[\d,]*(?:\.\d+)?(?![\d])")
_OPTION = re.compile(r"(?:option |choice )?\(?([a-j])(?:[).:](?:\s.*)?)?$")
_SENTENCE_END = re.compile(r"(?<=[^\d\s])[.!](?:\s|$)|(?<=\d)[.!](?:\s+\D|\s*$)")


def final_answer(message: Mapping[str, Any], chat: Mapping[str, Any]) -> str | None:
    r"""What an answer comes down to, in one form for equal answers; None where prose says no such.

    The calls with their arguments; the value, where JSON was asked for; what stands in
    ``\boxed{}``, after ``####`` or after "the answer is"; the last number of a last line that
    concludes something; a short text as a whole. Numbers are compared by value, options by letter.

    >>> final_answer({"content": "So 3 x 14 = 42.0 apples."}, {})
    '42'
    >>> final_answer({"content": "Adding up... The answer is **B) Paris**."}, {})
    'b'
    >>> final_answer({"content": "$1,250.50"}, {}) == final_answer({"content": "1250.5"}, {})
    True
    """
    calls = tool_calls(message)
    if calls:
        return json.dumps(sorted((name, canonical_arguments(text)) for name, text in calls))
    text = unicodedata.normalize("NFC", content_text(message.get("content"))).strip()
    if json_form(chat) is not None:
        value = read_json(text)
        return None if value is NOT_JSON else canonical_json(value)
    text = text[-_TAIL:]
    named = _named(text)
    if named is not None:
        return _normal(named)
    last = text.splitlines()[-1] if text else ""
    numbers = _NUMBER.findall(last)
    if numbers and _CONCLUDES.search(last):
        return _normal(numbers[-1])
    return _normal(text) if 0 < len(text.split()) <= _SHORT_WORDS else None


def _named(text: str) -> str | None:
    for pattern in (_BOXED, _HASHES):
        found = pattern.findall(text)
        if found and 0 < len(found[-1].split()) <= _SHORT_WORDS:
            return str(found[-1])
    cues = list(_NAMED.finditer(text))
    if not cues:
        return None
    rest = text[cues[-1].end() :].replace("**", "").partition("\n")[0]
    said = _SENTENCE_END.split(rest, maxsplit=1)[0]
    return said if 0 < len(said.split()) <= _SHORT_WORDS else None


def _normal(text: str) -> str:
    plain = " ".join(text.casefold().translate(_DROPPED).split()).strip(" .!?;:,")
    option = _OPTION.match(plain)
    return option[1] if option else _NUMBER.sub(_value, plain)


_DROPPED = {ord(sign): None for sign in "*_`\"'\u201c\u201d\u2018\u2019\\"}


def _value(match: re.Match[str]) -> str:
    digits = re.sub(r"[$€£,+]", "", match[0])
    if len(digits) > _MOST_DIGITS:
        return digits
    number = Decimal(digits)
    return f"{number.normalize() + 0:f}"

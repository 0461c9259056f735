"""Whether a model's reply to a probe passes the probe's check.

A check is ``{"how": H, "value": V}``. Replies are text from outside: whatever they are, they pass
or fail. Checks are ours: a bad one is an error that names what is accepted.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from tierwatch.errors import EvidenceError

# Replies to probes have at most 60 words when they keep to the form asked for, and some 3,000
# characters with brief reasoning. A pattern that is tried at every place takes time quadratic in
# the reply: a fifth of a second at 4,000 characters, minutes at 200,000.
_LONGEST_FOR_REGEX = 4_000
_RELATIVE_TOLERANCE = 1e-6
_FENCE = "```"
_NUMBER = re.compile(
    r"(?<!\w)([-+\u2212]?)[$€£¥]?"
    r"((?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?"
    r"|(?<![.\w])\.[0-9]+)"
)
_CHOICE = re.compile(r"(?<!\w)[A-E](?!\w)")
_QUOTES = {'""', "''", "``", "“”", "‘’", "«»", "„“"}  # noqa: RUF001 - quotes as models write them
# An endless repeat of a group that ends in an optional or endless item, such as (a+)+ or (a+b?)*,
# can be split in exponentially many ways.
_ENDLESS_IN_ENDLESS = re.compile(r"(?<!\\)[*+?]\)(?:[*+]|\{[0-9]+,\})")


def check_passes(check: Mapping[str, Any], reply: str) -> bool:
    r"""Whether ``reply`` passes.

    By ``how``, and what its ``value`` must be:

    - number, finite: the last number of the reply equals it, to one part in 1e6; thousands commas,
      a currency sign, a percent sign or a final dot may be there.
    - choice, a letter A to E: the last capital A to E that stands alone is it.
    - exact, text: the reply equals it, but for case, spaces around it, one pair of quotes and one
      final dot.
    - contains, a list of texts: each occurs as whole words, whatever the case.
    - lacks, ``{"contains": [..], "lacks": [..]}``: each of the first occurs, none of the second.
    - regex, a Python pattern: it matches the whole reply, trimmed; a reply of more than 4,000
      characters fails.
    - json, any JSON value: the reply, without a code fence around it, is exactly that value. 6 and
      6.0 are the same, 1 and true are not.

    Never raises because of the reply, whatever text it is. Time is linear in its length, and for a
    pattern bounded by the cut. Not guaranteed: that bound for patterns with repeats in repeats that
    match the same text; (a+)+ and its like are refused, others are for the set's tests to find.

    Raises:
        EvidenceError: the check is not one of these.

    >>> check_passes({"how": "number", "value": 1240}, "That makes $1,240.00.")
    True
    >>> check_passes({"how": "choice", "value": "B"}, "A is tempting. Answer: C")
    False
    >>> check_passes({"how": "json", "value": {"seats": 6}}, '```json\n{"seats": 6}\n```')
    True
    """
    how = check.get("how")
    passes = _CHECKS.get(how) if isinstance(how, str) else None
    if passes is None:
        raise EvidenceError(f"a check's 'how' must be one of {', '.join(_CHECKS)}, not {how!r}")
    if "value" not in check:
        raise EvidenceError(f"the check {how!r} has no 'value'")
    return passes(check["value"], reply)


def _number(value: Any, reply: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse("number", "a finite number", value)
    found = None
    for found in _NUMBER.finditer(reply):  # noqa: B007 - the last one is wanted
        pass
    if found is None:
        return False
    read = float(found[2].replace(",", ""))
    if found[1] not in {"", "+"}:
        read = -read
    return abs(read - value) <= _RELATIVE_TOLERANCE * abs(value)


def _choice(value: Any, reply: str) -> bool:
    if not (isinstance(value, str) and len(value) == 1 and value in "ABCDE"):
        _refuse("choice", "one capital letter A to E", value)
    letters = _CHOICE.findall(reply)
    return bool(letters) and letters[-1] == value


def _exact(value: Any, reply: str) -> bool:
    if not (isinstance(value, str) and value.strip()):
        _refuse("exact", "text", value)
    return _bare(reply) == _bare(value)


def _bare(text: str) -> str:
    """Without case, spaces around it, one final dot inside or outside one pair of quotes."""
    text = text.strip()
    bare = text.removesuffix(".").rstrip()
    if bare[:1] + bare[-1:] in _QUOTES and len(bare) > 1:
        inner = bare[1:-1].strip()
        bare = inner.removesuffix(".").rstrip() if bare == text else inner
    return bare.casefold()


def _contains(value: Any, reply: str) -> bool:
    words = _texts("contains", value)
    if not words:
        _refuse("contains", "a list of at least one text", value)
    return _has_each(words, reply)


def _lacks(value: Any, reply: str) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"contains", "lacks"}:
        _refuse("lacks", "an object with the lists 'contains' and 'lacks'", value)
    wanted = _texts("lacks", value["contains"])
    unwanted = _texts("lacks", value["lacks"])
    if not unwanted:
        _refuse("lacks", "an object whose 'lacks' names at least one text", value)
    return _has_each(wanted, reply) and not any(_has_each((text,), reply) for text in unwanted)


def _texts(how: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(
        isinstance(text, str) and text.strip() for text in value
    ):
        _refuse(how, "a list of texts", value)
    return tuple(value)


def _has_each(texts: tuple[str, ...], reply: str) -> bool:
    said = " ".join(reply.casefold().split())
    return all(_words(text).search(said) for text in texts)


@lru_cache(maxsize=1024)
def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(' '.join(text.casefold().split()))}(?!\w)")


def _regex(value: Any, reply: str) -> bool:
    if not isinstance(value, str):
        _refuse("regex", "a Python regular expression", value)
    pattern = _pattern(value)
    trimmed = reply.strip()
    return len(trimmed) <= _LONGEST_FOR_REGEX and pattern.fullmatch(trimmed) is not None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    if _ENDLESS_IN_ENDLESS.search(text):
        raise EvidenceError(
            f"the pattern {text!r} repeats a repeat without end, which can take forever; end the"
            " repeated group with something that must be there"
        )
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as problem:
        raise EvidenceError(f"the pattern {text!r} is no regular expression: {problem}") from None


def _json(value: Any, reply: str) -> bool:
    if not is_json(value):
        _refuse("json", "a JSON value", value)
    text = reply.strip()
    if text.startswith(_FENCE) and text.endswith(_FENCE) and "\n" in text:
        text = text[text.index("\n") : -len(_FENCE)]
    try:
        said = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return False
    return same_json(value, said)


def _refuse(how: str, accepted: str, value: Any) -> NoReturn:
    raise EvidenceError(f"the value of a check {how!r} must be {accepted}, not {value!r:.200}")


_CHECKS: Mapping[str, Callable[[Any, str], bool]] = {
    "number": _number,
    "choice": _choice,
    "exact": _exact,
    "contains": _contains,
    "lacks": _lacks,
    "regex": _regex,
    "json": _json,
}


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which `json.loads` would take.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is not JSON")


def is_json(value: Any) -> bool:
    """Whether a value of ours can be written as JSON.

    >>> is_json({"seats": [6, None]}), is_json({6: "seats"}), is_json(float("nan"))
    (True, False, False)
    """
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


def same_json(wanted: Any, said: Any) -> bool:
    """Equality of JSON values, in which true is not 1; as deep as ``wanted`` is.

    >>> same_json({"seats": 6}, {"seats": 6.0}), same_json([1], [True])
    (True, False)
    """
    if isinstance(wanted, Mapping):
        return (
            isinstance(said, dict)
            and wanted.keys() == said.keys()
            and all(same_json(item, said[key]) for key, item in wanted.items())
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(said, list)
            and len(wanted) == len(said)
            and all(same_json(*items) for items in zip(wanted, said, strict=True))
        )
    return isinstance(wanted, bool) == isinstance(said, bool) and bool(wanted == said)

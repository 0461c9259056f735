"""What a model wrote when it was asked for a tier and a number: the label and what it stated.

Small models seldom write just what they were asked for, and thinking ones think first. What is read
is still one label and one number in a form that cannot mean anything else; prose is not.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tierwatch.errors import ClassifierError

# A reply of 50 tokens has at most some 300 characters; anything longer is no label.
_LONGEST_REPLY = 1_000
# Marks of open models behind what they thought; what stands after the last one was meant.
_THOUGHT_ENDS = re.compile(
    r"</think(?:ing)?>|\[/THINK\]|</thought>|</reasoning>|<\|end_of_thought\|>"
)
_THOUGHT_BEGINS = ("<think", "[THINK]", "<thought>", "<reasoning>")
_FENCE = re.compile(r"```[\w-]{0,12}\s*(.*?)\s*```", re.DOTALL)

_LABEL_KEYS = ("tier", "label", "class", "category", "classification", "answer")
_CONFIDENCE_KEYS = ("confidence", "probability", "score", "certainty", "conf", "prob", "p")
# Objects that are tried in a reply; a short one has no more.
_MOST_OBJECTS = 8

_NUMBER = r"(?P<number>\d?[.,]\d{1,9}|\d{1,3})\s?(?P<percent>%?)"
_STATED = re.compile(_NUMBER)
# What models write before the one and the other.
_LEADS = "final answer|tier|label|answer|classification|category|output|result"
_STATES = "confidence|probability|certainty|score|prob|p"


def unreadable(found: str) -> ClassifierError:
    """The error for a reply that cannot be read."""
    return ClassifierError(
        f"the classifier's reply: found {found}; accepted a tier and a number from 0 to 1,"
        " such as `simple 0.82`"
    )


def said_of(reply: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The choice of a chat completion, and what its model said after thinking.

    Raises:
        ClassifierError: no message, or no short text in it.
    """
    try:
        choice = reply["choices"][0]
        text = _text_of(choice["message"]["content"])
    except (KeyError, IndexError, TypeError):
        raise unreadable("no message in it") from None
    if text is not None:
        text = _THOUGHT_ENDS.split(text)[-1]
    if text is None or len(text) > _LONGEST_REPLY:
        raise unreadable("no short text in it")
    return choice, text


def ran_out(reply: Mapping[str, Any]) -> bool:
    """Whether a reply ended because its tokens did: what was thought left no room for a label.

    >>> ran_out({"choices": [{"finish_reason": "length", "message": {"content": ""}}]})
    True
    """
    try:
        choice = reply["choices"][0]
        text = _text_of(choice["message"].get("content")) or ""
        reason = choice.get("finish_reason")
    except (AttributeError, KeyError, IndexError, TypeError):
        return False
    thinks = text.lstrip().startswith(_THOUGHT_BEGINS) and not _THOUGHT_ENDS.search(text)
    return reason == "length" or thinks


def label_of(text: str, names: tuple[str, ...]) -> tuple[str, float | None]:
    """The label and the number that stand in a text; no number where none is stated.

    Args:
        text: what the model said.
        names: of the tiers, in lower case.

    Raises:
        ClassifierError: it says anything else.
    """
    fenced = _FENCE.search(text)
    body = fenced[1] if fenced else text
    if "{" in body:
        return _label_in_json(body)
    return _label_in_words(body, names)


def _text_of(content: object) -> str | None:
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else None


def _label_in_json(text: str) -> tuple[str, float | None]:
    found = [value for value in _objects(text) if _field(value, _LABEL_KEYS) is not None]
    if not found:
        raise unreadable("JSON without `tier`" if any(_objects(text)) else "broken JSON")
    if len(found) > 1:
        raise unreadable("several answers")
    label, stated = (_field(found[0], keys) for keys in (_LABEL_KEYS, _CONFIDENCE_KEYS))
    if not isinstance(label, str):
        raise unreadable("JSON without `tier`")
    return label.strip(), _number_of(stated)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, from its beginning."""
    decoder, at = json.JSONDecoder(), text.find("{")
    for _ in range(_MOST_OBJECTS):
        if at < 0:
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
        else:
            if isinstance(value, dict):
                yield value
        at = text.find("{", at)


def _field(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    lowered = {key.lower(): one for key, one in value.items()}
    return next((lowered[name] for name in names if name in lowered), None)


def _number_of(stated: object) -> float | None:
    """A confidence in JSON: a number, or one as text."""
    if isinstance(stated, str):
        match = _STATED.fullmatch(stated.strip())
        return None if match is None else _share(match)
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        return None
    if not 0 <= stated <= 1:
        raise unreadable("a confidence outside 0 to 1")
    return float(stated)


def _share(match: re.Match[str]) -> float:
    stated = float(match["number"].replace(",", ".")) / (100 if match["percent"] else 1)
    if stated > 1:
        raise unreadable("a confidence outside 0 to 1")
    return stated


@cache
def _words(names: tuple[str, ...]) -> re.Pattern[str]:
    labels = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    marks = r"[\"'`*_]{0,4}"
    # A dash that touches the number is its sign, unless it is longer than one.
    between = r"(?:[\s,:;=(\[|]|->|-(?=\s)|[\u2013\u2014]){1,9}"
    told = rf"{marks}\s{{0,3}}(?:is|of|:|=|-)?\s{{0,3}}{marks}\s{{0,3}}"
    lead = rf"{marks}(?:the\s)?(?:{_LEADS}){told}"
    stated = rf"{marks}(?:and\s|with\s|a\s){{0,3}}(?:{_STATES}){told}"
    return re.compile(
        rf"[\s\-]*(?:{lead})?{marks}(?P<label>{labels}){marks}"
        rf"(?:{between}(?:{stated})?{_NUMBER})?[\s.)\]\"'`*_]*",
        re.IGNORECASE,
    )


def _label_in_words(text: str, names: tuple[str, ...]) -> tuple[str, float | None]:
    match = _words(names).fullmatch(text)
    if match is None:
        raise unreadable("words that are not a tier and a number")
    if match["number"] is None:
        return match["label"], None
    return match["label"], _share(match)


def token_probability(choice: Mapping[str, Any], label: str) -> float | None:
    """Product of the probabilities of the tokens that spell the label; None where not given."""
    try:
        tokens = [(str(t["token"]), float(t["logprob"])) for t in choice["logprobs"]["content"]]
    except (KeyError, TypeError, ValueError):
        return None
    # In JSON the label follows its key, which a tier called "tier" would repeat: so the last.
    start = "".join(token for token, _ in tokens).rfind(label)
    if start < 0:
        return None
    end, position, total = start + len(label), 0, 0.0
    for token, logprob in tokens:
        if position < end and position + len(token) > start:
            total += logprob
        position += len(token)
    return min(1.0, math.exp(min(total, 0.0))) if math.isfinite(total) else None

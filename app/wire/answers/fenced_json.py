"""JSON that was asked for and came in a fence, or after a byte order mark: taken off once.

Whoever asked for JSON parses what it gets; models that are asked in words like to set it as code.
"""

import re
import string
from collections.abc import Mapping
from typing import Any

from tierwatch.wire.json_values import mapping, objects

_MARK = "\ufeff"
_FENCE = "```"
_OPENING = re.compile(r"\s*```[A-Za-z0-9_+-]{0,16}[ \t]*\r?\n")
# A fence and the name of a language; what is longer is no such line.
_LONGEST_OPENING = 32
# What may yet belong to a closing fence. Models that are held to JSON may write white space without
# end: of that no more is held back, nor looked at again with each piece.
_OF_CLOSING = string.whitespace + "`"
_MOST_HELD = 1_024
# Where the wires say in what form an answer is wanted.
_ASKING = frozenset({"response_format", "output_config", "text"})


def asks_for_json(request: Mapping[str, Any]) -> bool:
    """Whether a request on any wire asks for JSON.

    >>> asks_for_json({"response_format": {"type": "json_object"}}), asks_for_json({})
    (True, False)
    >>> asks_for_json({"output_format": {"type": "json_schema", "schema": {}}})
    True
    """
    wanted = request.get("response_format") or request.get("output_format")
    if wanted is None:
        output = request.get("output_config") or request.get("text")
        wanted = output.get("format") if isinstance(output, dict) else None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    return kind in ("json_object", "json_schema")


def bare_json(text: str) -> str:
    r"""The text without one fence around all of it, and without a byte order mark.

    >>> bare_json('```json\n{"a": 1}\n```'), bare_json('{"a": "```"}')
    ('{"a": 1}', '{"a": "```"}')
    """
    stripped = text.lstrip()
    bare = stripped[1:] if stripped.startswith(_MARK) else text
    opening, whole = _OPENING.match(bare), bare.rstrip()
    if opening is None or not whole.endswith(_FENCE) or len(whole) - len(_FENCE) < opening.end():
        return bare
    return whole[opening.end() : -len(_FENCE)].rstrip()


def bare_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """A whole answer, of whichever wire, whose JSON stands bare; the same one where it did."""
    choices = objects(answer.get("choices"))
    if choices:
        changed = [_bare_choice(choice) for choice in choices]
        same = all(one is choice for one, choice in zip(changed, choices, strict=True))
        return answer if same else {**answer, "choices": changed}
    blocks = objects(answer.get("content"))
    texts = [block for block in blocks if block.get("type") == "text"]
    if len(texts) != 1 or not isinstance(texts[0].get("text"), str):
        return answer
    text = bare_json(texts[0]["text"])
    if text == texts[0]["text"]:
        return answer
    changed = [{**block, "text": text} if block is texts[0] else block for block in blocks]
    return {**answer, "content": changed}


def _bare_choice(choice: dict[str, Any]) -> dict[str, Any]:
    message = mapping(choice.get("message"))
    content = message.get("content")
    if not isinstance(content, str) or (bare := bare_json(content)) == content:
        return choice
    return {**choice, "message": {**message, "content": bare}}


class BareStream:
    """Takes the fence off JSON that arrives in pieces. Little is held back, and only for a moment.

    Give it each piece of text, and let it `end` before the answer does.
    """

    __slots__ = ("_held", "_state")

    def __init__(self) -> None:
        self._held = ""
        self._state = "begins"

    def feed(self, piece: str) -> str:
        """The text that can be passed on."""
        if self._state == "plain":
            return piece
        self._held += piece
        if self._state == "begins" and not self._begun():
            if len(self._held) <= _MOST_HELD:
                return ""
            self._state = "plain"
        if self._state == "plain":
            said, self._held = self._held, ""
            return said
        at = max(len(self._held.rstrip(_OF_CLOSING)), len(self._held) - _MOST_HELD)
        said, self._held = self._held[:at], self._held[at:]
        return said

    def end(self) -> str:
        """What is left of the text once all of it was given."""
        held, self._held = self._held, ""
        if self._state == "fenced" and held.rstrip().endswith(_FENCE):
            return held.rstrip().removesuffix(_FENCE).rstrip()
        return held

    def _begun(self) -> bool:
        """Whether it is known how the text begins."""
        stripped = self._held.lstrip()
        unmarked = stripped.removeprefix(_MARK)
        text = unmarked.lstrip()
        if text.startswith(_FENCE):
            opening, line, rest = text.partition("\n")
            if line:
                self._state, self._held = "fenced", rest
            elif len(opening) > _LONGEST_OPENING:
                self._state = "plain"
            return bool(line) or self._state == "plain"
        if _FENCE.startswith(text):  # it may yet be one
            return False
        if unmarked is not stripped:
            self._held = unmarked
        self._state = "plain"
        return True

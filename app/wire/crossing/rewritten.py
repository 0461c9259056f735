"""A request as somebody can take it, and what was done to it."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from tierwatch.wire.json_values import mapping

# Names that a wire has are of such characters. A caller's own inventions go into headers and
# metrics under this name, or as nothing that could break a header.
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,40}")
_ODD_NAME = "unknown"

# What wires number and label with, and nothing is lost without.
BOOKKEEPING = frozenset(
    {"content", "id", "index", "item", "logprobs", "message", "object", "phase",
     "plain", "role", "status", "type"}
)  # fmt: skip

# What was done to a request, in order; a wire adds to it while it writes.
Notes = list[str]


class Rewritten(NamedTuple):
    """A request rewritten for who is to read it.

    Attributes:
        request: the body.
        fitted: what was renamed, capped, moved or left out, each once, in words that a header and
            a metric take: ``thinking->reasoning_effort``, ``-top_k``, ``temperature<=1``.
    """

    request: dict[str, Any]
    fitted: tuple[str, ...] = ()


def rewritten(request: dict[str, Any], notes: Notes) -> Rewritten:
    """The request with what was noted of it, each once."""
    return Rewritten(request, tuple(dict.fromkeys(notes))) if notes else Rewritten(request)


def left_out(names: Iterable[str]) -> Notes:
    r"""The notes that say of fields that they were left out.

    >>> left_out(["top_k", "a\\nb"])
    ['-top_k', '-unknown']
    """
    return [_note(name) for name in names]


@lru_cache(maxsize=1_024)  # an agent's request has the same ones on each of its tools
def _note(name: str) -> str:
    return f"-{name if _NAME.fullmatch(name) else _ODD_NAME}"


def said_fields(fields: Mapping[str, Any], carried: frozenset[str]) -> list[str]:
    """The names of the fields that say something and are not among the carried ones.

    What is null, false or empty asks for nothing, and neither does one answer or plain text.

    >>> said_fields({"seed": 3, "n": 1, "logprobs": False, "store": None}, frozenset())
    ['seed']
    """
    within: list[str] = []
    if "reasoning_effort" in fields:  # read from the Responses wire's own place for it
        carried = carried | {"reasoning"}
        beside = said_fields(mapping(fields.get("reasoning")), _EFFORT)
        within = [f"reasoning.{name}" for name in beside]
    return [*within, *_said(fields, carried)]


def _said(fields: Mapping[str, Any], carried: frozenset[str]) -> list[str]:
    return [
        name
        for name, value in fields.items()
        if name not in carried
        and value is not None
        and value is not False
        and value not in _ASKS_FOR_NOTHING.get(name, _EMPTY)
    ]


_EFFORT = frozenset({"effort"})
_EMPTY: tuple[Any, ...] = ("", [], {})
_ASKS_FOR_NOTHING: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "top_logprobs": (0,),
    "modalities": (["text"], []),
    "response_format": ({"type": "text"}, {}),
    "function_call": ("none", "auto", ""),
    "detail": ("auto",),  # of an image
}

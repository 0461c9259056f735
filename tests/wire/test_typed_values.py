"""Whatever a caller or a provider sends, each typed field holds what its type says.

What is read is trusted by every wire that writes it: a call's id that is a number, or a tool's
parameters that are a word, once ended a request in a traceback.
"""

import dataclasses
import json
import random
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from fakes.hostile import request

from tierwatch.wire.chat import Extras, Text, Turn
from tierwatch.wire.wires import WIRES

CASES = 900


def misfits(value: object, kind: Any, path: str) -> list[str]:
    """Where a value is not what the type says, all the way down."""
    wrong = [f"{path} is {type(value).__name__}"]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        found = [misfits(value, one, path) for one in inner]
        return min(found, key=lambda one: (one == wrong, len(one)))
    if origin is Literal:
        return [] if value in inner else wrong
    plain = object if kind is Any else origin or kind
    if not isinstance(value, plain):
        return wrong
    if plain in {tuple, frozenset}:
        return [miss for one in value for miss in misfits(one, inner[0], f"{path}[]")]
    if dataclasses.is_dataclass(plain) or hasattr(plain, "_fields"):
        declared = get_type_hints(plain).items()
        return [
            miss
            for name, of in declared
            for miss in misfits(getattr(value, name), of, f"{plain.__name__}.{name}")
        ]
    return []


def hostile_requests(route: str) -> Iterator[dict[str, Any]]:
    for seed in range(CASES):
        path, body, _ = request(random.Random(seed))
        if path != route:
            continue
        try:
            read = json.loads(body)
        except (ValueError, RecursionError):
            continue
        if isinstance(read, dict):
            yield read


# A number is as the caller gave it: the provider is the judge of it.
AS_SAID = ("Sampling.", "ChatRequest.stream", "ChatRequest.parallel_calls")


@pytest.mark.parametrize("name", sorted(WIRES))
def test_what_is_read_is_what_its_type_says(name: str) -> None:
    wire, wrong, read = WIRES[name], Counter[str](), 0
    for body in hostile_requests(wire.route):
        typed = wire.read_request(body)
        wrong.update(misfits(typed, type(typed), ""))
        read += 1
    assert read > 150
    assert {one: n for one, n in wrong.items() if not one.startswith(AS_SAID)} == {}


def test_a_misfit_is_seen() -> None:
    turn = Turn("user", (Text(5, Extras("openai")),), "yes", Extras("openai"))  # type: ignore[arg-type]
    assert misfits(turn, Turn, "") == ["Text.text is int", "Turn.plain is str"]

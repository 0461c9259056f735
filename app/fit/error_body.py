"""Error bodies of every make, read for what they say of the request. Never raises.

OpenAI's, Azure's and Anthropic's objects, lists of them (Gemini), pydantic's ``detail`` (Mistral,
SGLang, TGI), plain sentences (Ollama), bare objects (Bedrock, older vLLM), and those that a router
in front has put into one of its own (OpenRouter).
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tierwatch.wire.json_values import mapping, string

_DEEPEST = 4  # routers in front of routers
_LONGEST = 4_000


class Said(NamedTuple):
    """What one error says.

    Attributes:
        message: its sentence.
        code: its name and class, in lower case, apart by spaces.
        param: the path of the field that is at fault, its steps apart by dots; empty for none.
    """

    message: str
    code: str = ""
    param: str = ""


def said_in(body: str) -> list[Said]:
    """Every error that a body holds; the body itself as a sentence where it holds none.

    >>> said_in('{"detail": [{"loc": ["body", "seed"], "msg": "Extra", "type": "extra"}]}')
    [Said(message='Extra', code='extra', param='seed')]
    """
    found = list(_read(_value(body), 0))
    return found or ([Said(body[:_LONGEST])] if body.strip() else [])


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read(value: object, depth: int) -> Iterator[Said]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value[:8]:
            yield from _read(one, depth + 1)
        return
    if isinstance(value, str):
        inner = _value(value) if value.lstrip()[:1] in ("{", "[") else None
        if inner is not None:
            yield from _read(inner, depth + 1)
        else:
            yield Said(value[:_LONGEST])
        return
    error = mapping(value)
    message = error.get("message", error.get("msg"))
    if isinstance(message, str):
        yield Said(message[:_LONGEST], _code(error), _path(error))
    for name in ("error", "detail", "errors", "details", "innererror", "metadata", "raw"):
        if isinstance(error.get(name), dict | list | str) and error.get(name) != message:
            yield from _inner(name, error[name], depth)
    if isinstance(message, dict | list):
        yield from _read(message, depth + 1)


def _inner(name: str, value: Any, depth: int) -> Iterator[Said]:
    if name == "innererror":
        yield Said("", _code(mapping(value)))
    elif name == "metadata":
        yield from _read(mapping(value).get("raw"), depth + 1)
    else:
        yield from _read(value, depth + 1)


def _code(error: dict[str, Any]) -> str:
    words = (string(error.get(name)) for name in ("code", "type", "status"))
    return " ".join(word.lower() for word in words if word)


def _path(error: dict[str, Any]) -> str:
    param = error.get("param")
    if isinstance(param, str):
        return param.replace("[", ".").replace("]", "")
    steps = error.get("loc", error.get("path"))
    if not isinstance(steps, list):
        return ""
    named = [str(step) for step in steps if isinstance(step, str | int)]
    return ".".join(named[1:] if named[:1] == ["body"] else named)

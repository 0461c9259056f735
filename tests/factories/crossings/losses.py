"""What a caller asked and its provider was not asked: found by reading both requests."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from fakes.vendor import chat_read, messages_read, responses_read
from fakes.vendor.asked import Asked, Said
from fakes.vendor.seals import Seals

# Hints to the vendor's own accounts and caches, which mean nothing at another one.
_HINTS = {"cache_key", "metadata", "store"}


class Loss(NamedTuple):
    """One thing that did not arrive."""

    # Its name on the caller's wire, and other words under which it may be named.
    name: str
    also: tuple[str, ...]
    detail: str


class _Trusting(Seals):
    """Takes any seal: for reading requests of callers."""

    def holds(self, seal: str, text: str) -> bool:
        return bool(seal) or bool(text)

    def opens(self, hidden: str) -> bool:
        return bool(hidden)


def read(wire: str, body: Mapping[str, Any]) -> Asked:
    """What a request asks, whatever the model, on the caller's side."""
    if wire == "openai":
        return chat_read.read(body)
    if wire == "anthropic":
        headers = {"anthropic-beta": "any"}
        return messages_read.read(body, headers, _Trusting(""), None)
    return responses_read.read(body, _Trusting(""))


def losses(caller: Asked, provider: Asked) -> list[Loss]:
    """What the caller asked that did not arrive at the provider in any form.

    More may arrive than was asked: a limit where the wire wants one, a sentence where it has no
    word. What arrives changed counts as lost: it is to be named.
    """
    return [
        *_of_options(caller, provider),
        *_of_tools(caller, provider),
        *_of_words(caller, provider),
        *_of_media(caller, provider),
    ]


def _of_options(caller: Asked, provider: Asked) -> list[Loss]:
    found = []
    for name, value in caller.options.items():
        if name in _HINTS:
            continue
        arrived = provider.options.get(name)
        same = _same(name, value, arrived)
        if not same:
            where = caller.fields[name]
            also = (*where.split("."), name, *_ALSO.get(name, ()))
            found.append(Loss(where, also, f"{value!r:.80} became {arrived!r:.80}"))
    return found


# Other words that name an option.
_ALSO = {
    "limit": ("max_tokens", "max_output_tokens", "max_completion_tokens"),
    "effort": ("reasoning", "reasoning_effort"),
    "schema": ("format", "response_format", "json_schema", "strict"),
    "logprobs": ("top_logprobs",),
    "user": ("user_id",),
}


def _same(name: str, value: Any, arrived: Any) -> bool:
    if name == "user":
        # A digest will do: it is to be the same for the same user and no other.
        return bool(arrived)
    if name == "schema" and isinstance(value, Mapping) and isinstance(arrived, Mapping):
        return _shape(value) <= _shape(arrived)
    if name in {"tool_choice", "parallel"}:
        default = "auto" if name == "tool_choice" else True
        return bool(value == (default if arrived is None else arrived))
    if name in {"presence_penalty", "frequency_penalty"} and not value:
        return True
    if name == "logprobs" and not value:
        return True
    return bool(value == arrived)


def _shape(schema: Any, place: tuple[str, ...] = ()) -> Counter[Any]:
    """Each thing a schema says of each place, but for the words that only one vendor wants."""
    found: Counter[Any] = Counter()
    if not isinstance(schema, Mapping):
        return found
    required = set(schema.get("required") or ())
    for word, value in schema.items():
        if word in {"properties", "$defs"}:
            for name, one in value.items():
                found[*place, name] += 1
                found += _shape(_without_null(one), (*place, name))
        elif word == "items":
            found += _shape(value, (*place, "[]"))
        elif word == "type":
            found[*place, "type", str(value)] += 1
        elif word == "enum":
            found[*place, "enum", *map(str, value)] += 1
        elif word == "required":
            found.update({(*place, "required", name): 1 for name in required})
        elif word not in {"additionalProperties", "description", "title", "$schema", "anyOf"}:
            found[*place, word, str(value)] += 1
    return found


def _without_null(schema: Any) -> Any:
    """A property that may be left out stays itself when it may be null instead."""
    if isinstance(schema, Mapping) and isinstance(schema.get("type"), list):
        (kind,) = [one for one in schema["type"] if one != "null"][:1] or ["null"]
        return {**schema, "type": kind}
    if isinstance(schema, Mapping) and "anyOf" in schema:
        kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if len(kinds) == 1:
            return {**{k: v for k, v in schema.items() if k != "anyOf"}, **kinds[0]}
    return schema


def _of_tools(caller: Asked, provider: Asked) -> list[Loss]:
    found = []
    for name, tool in caller.tools.items():
        arrived = provider.tools.get(name)
        if arrived is None:
            found.append(Loss("tools", (name,), f"the tool {name} is gone"))
        elif tool.description not in arrived.description:
            found.append(Loss("tools", ("description",), f"{name} lost its description"))
        elif not _shape(tool.schema) <= _shape(arrived.schema):
            lost = _shape(tool.schema) - _shape(arrived.schema)
            found.append(Loss("tools", ("schema", "strict"), f"{name} lost {list(lost)}"))
    gone = sorted(set(caller.hosted) - set(provider.hosted))
    return [*found, *(Loss("tools", (kind,), f"the hosted tool {kind} is gone") for kind in gone)]


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _of_words(caller: Asked, provider: Asked) -> list[Loss]:
    found = []
    if _bare(caller.system) not in _bare(provider.system):
        found.append(Loss("system", ("instructions", "developer"), "the system's words"))
    told = _joined(provider.said)
    at = 0
    for one in _joined(caller.said):
        place = next((n for n in range(at, len(told)) if _covers(told[n], one)), None)
        if place is None:
            found.append(Loss(one.who, (one.kind, one.name), f"{one.who}: {one.content:.60}"))
        else:
            at = place + (one.who in {"call", "result"})
    for one in caller.said:
        if one.who == "result" and one.failed:
            found += _of_failure(one, provider)
    last = caller.said[-1].who if caller.said else ""
    if last == "assistant" and provider.said[-1].who != "assistant":
        found.append(Loss("prefill", ("assistant", "messages", "input"), "the begun answer"))
    return found


def _of_failure(one: Said, provider: Asked) -> list[Loss]:
    marked = any(
        other.who == "result"
        and one.content in other.content
        and (other.failed or other.content != one.content)
        for other in provider.said
    )
    return [] if marked else [Loss("is_error", ("tool_result",), f"{one.content:.60} had failed")]


def _covers(arrived: Said, one: Said) -> bool:
    return (
        arrived.who == one.who
        and arrived.name == one.name
        and _bare(one.content) in _bare(arrived.content)
    )


def _joined(said: tuple[Said, ...]) -> list[Said]:
    """Words only, those of one speaker that follow each other as one."""
    told: list[Said] = []
    for one in said:
        if one.kind != "text":
            continue
        if told and one.who not in {"call", "result"} and told[-1].who == one.who:
            told[-1] = told[-1]._replace(content=told[-1].content + one.content)
        else:
            told.append(one)
    return told


def _of_media(caller: Asked, provider: Asked) -> list[Loss]:
    arrived = Counter((one.kind, one.content) for one in provider.said)
    return [
        Loss(one.kind, (f"{one.kind}_url", "document", "input_image"), f"the {one.kind}")
        for one in caller.said
        if one.kind in {"image", "file", "audio"} and not arrived[one.kind, one.content]
    ]

"""What a request asks, without the words of its wire: so that two wires can be compared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Said(NamedTuple):
    """One piece of the conversation: who (user, assistant, call, result), what kind, and it."""

    who: str
    kind: str
    content: str
    # The tool of a call or a result.
    name: str = ""
    failed: bool = False


class Tool(NamedTuple):
    """A function tool."""

    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request: the conversation, the tools, and each option under a name all wires share."""

    model: str
    system: str
    said: tuple[Said, ...]
    tools: Mapping[str, Tool] = field(default_factory=dict)
    # Tools that the vendor runs itself, by their type.
    hosted: tuple[str, ...] = ()
    # limit, temperature, top_p, top_k, stop, n, logprobs, seed, schema, effort, thinking,
    # tool_choice, parallel, user, ... -> the value, in one form for all wires.
    options: Mapping[str, Any] = field(default_factory=dict)
    # The same names -> the field on the wire.
    fields: Mapping[str, str] = field(default_factory=dict)
    cache_marks: int = 0
    stream: bool = False

    @property
    def prompt_tokens(self) -> int:
        """About four characters a token, images and files apart."""
        tools = sum(len(t.description) + len(json.dumps(t.schema)) for t in self.tools.values())
        said = sum(len(one.content) for one in self.said if one.kind == "text")
        return max(1, (len(self.system) + said + tools) // 4)


def digest(data: bytes | str) -> str:
    """A short name of bytes."""
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()[:16]


class Options:
    """Options as they are read: the shared name, the field's name on the wire, the value."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self.values: dict[str, Any] = {}
        self.fields: dict[str, str] = {}

    def take(self, name: str, where: str = "") -> None:
        """The field `where` (dots lead inwards) as the option `name`, when it is there."""
        value: Any = self._body
        for step in (where or name).split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            self.put(name, where or name, value)

    def put(self, name: str, where: str, value: Any) -> None:
        self.values[name] = value
        self.fields[name] = where

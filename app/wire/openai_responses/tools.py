"""Tools of the Responses wire as plain functions, and the way back to what they were.

Other wires know functions with JSON for arguments. A tool within a name space becomes a function
named after both, one that takes free text a function with one field of text. Both follow from the
tool alone, so that calls in a history and in an answer get the same names.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tierwatch.wire.chat import RESPONSES, Extras, Tool, Unknown
from tierwatch.wire.crossing.rewritten import BOOKKEEPING, Notes, left_out, said_fields
from tierwatch.wire.json_values import json_text, mapping, objects, rest, string

# What a function may be called on the other wires.
_LONGEST_NAME = 64
_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_INPUT = "input"
_FREE_TEXT: Mapping[str, Any] = {
    "type": "object",
    "properties": {_INPUT: {"type": "string", "description": "The whole input of the tool."}},
    "required": [_INPUT],
    "additionalProperties": False,
}
_OF_A_FUNCTION = BOOKKEEPING | {"function", "strict"}
_CALLER_RUN = frozenset({"function", "custom"})


class Called(NamedTuple):
    """What a tool is called on this wire.

    Attributes:
        name: of the tool.
        namespace: that it stands in; empty for none.
        custom: whether it takes free text.
    """

    name: str
    namespace: str = ""
    custom: bool = False


def flat_name(name: str, namespace: str) -> str:
    """The name of the function that stands for a tool on other wires.

    >>> flat_name("sleep", "clock"), flat_name("sleep", "")
    ('clock__sleep', 'sleep')
    """
    if not namespace:
        return name
    whole = f"{namespace}__{name}"
    if len(whole) <= _LONGEST_NAME and not _UNFIT.search(whole):
        return whole
    digest = hashlib.blake2b(json.dumps([namespace, name]).encode(), digest_size=4).hexdigest()
    return f"{_UNFIT.sub('_', whole)[: _LONGEST_NAME - 9]}_{digest}"


def read_tools(request: Mapping[str, Any]) -> tuple[Tool | Unknown, ...]:
    """All tools of a request: of its list, then those that stand among its items.

    The latter are marked, since they are not written into the list again.
    """
    tools: list[Tool | Unknown] = []
    for said in objects(request.get("tools")):
        tools += _read_tool(said, {})
    for item in objects(request.get("input")):
        if item.get("type") == "additional_tools":
            for said in objects(item.get("tools")):
                tools += _read_tool(said, {"item": item})
    return tuple(tools)


def _read_tool(said: Mapping[str, Any], place: Mapping[str, Any]) -> list[Tool | Unknown]:
    kind = string(said.get("type"))
    if kind == "namespace":
        within = [tool for tool in objects(said.get("tools")) if _is_caller_run(tool)]
        if within and len(within) == len(said["tools"]):
            space, place = string(said.get("name")), {**place, "of": said}
            if said.get("description"):  # by its own name, for the note that it was left out
                place["namespace.description"] = said["description"]
            return [_function(tool, space, place) for tool in within]
    if kind in _CALLER_RUN and _is_caller_run(said):
        return [_function(said, "", place)]
    return [] if "item" in place else [Unknown(RESPONSES, said, for_issuer=True)]


def _is_caller_run(tool: Mapping[str, Any]) -> bool:
    return string(tool.get("type")) in _CALLER_RUN and bool(string(tool.get("name")))


def _function(said: Mapping[str, Any], space: str, place: Mapping[str, Any]) -> Tool:
    description, parameters = said.get("description"), said.get("parameters")
    if said["type"] == "custom":
        description, parameters = _told(said), _FREE_TEXT
    fields = {**place, "said": said}
    if said.get("strict") is True:
        fields["strict"] = True
    return Tool(
        name=flat_name(said["name"], space),
        description=description if isinstance(description, str) else None,
        parameters=parameters if isinstance(parameters, Mapping) else None,
        extras=Extras(RESPONSES, fields),
    )


def _told(tool: Mapping[str, Any]) -> str:
    """What a model is told of a tool that takes free text, its grammar included."""
    words, form = string(tool.get("description")), mapping(tool.get("format"))
    definition = string(form.get("definition"))
    if definition:
        syntax = string(form.get("syntax")) or "formal"
        words += f"\n\nThe input is text under this {syntax} grammar:\n{definition}"
    return words.strip()


def write_tools(tools: Sequence[Tool | Unknown], notes: Notes) -> list[dict[str, Any]]:
    """The list of tools; what was said on this wire is said again.

    Args:
        tools: of any wire.
        notes: gets what was left out of them.
    """
    out: list[dict[str, Any]] = []
    within = 0  # tools still to come of a name space that is written
    for tool in tools:
        if isinstance(tool, Unknown):
            written = _write_unknown(tool)
            if written is None:  # another provider's own: nobody on this side could run it
                notes += left_out([f"tools.{tool.kind or 'unknown'}"])
            else:
                out.append(written)
            continue
        if tool.extras.wire != RESPONSES:
            said = tool.extras.fields
            more = said_fields({**said, **mapping(said.get("function"))}, _OF_A_FUNCTION)
            notes += left_out([f"tools.{name}" for name in more])
        fields = tool.extras.on(RESPONSES)
        if "item" in fields:
            continue
        if fields.get("of") is None:
            out.append(dict(fields["said"]) if fields else _write_function(tool))
        elif within:
            within -= 1
        else:
            within = len(fields["of"]["tools"]) - 1
            out.append(dict(fields["of"]))
    return out


def _write_function(tool: Tool) -> dict[str, Any]:
    # Without a word Responses hold a tool to its schema, which the other wires do not.
    own = mapping(tool.extras.fields.get("function"))
    out: dict[str, Any] = {"type": "function", "name": tool.name, "parameters": tool.parameters}
    out["strict"] = own.get("strict") is True or tool.extras.fields.get("strict") is True
    if tool.description:
        out["description"] = tool.description
    return out


def _write_unknown(tool: Unknown) -> dict[str, Any] | None:
    if tool.wire == RESPONSES:
        return dict(tool.said)
    custom = mapping(tool.said.get("custom"))
    if not custom:
        return None
    form = mapping(custom.get("format"))
    grammar = mapping(form.get("grammar"))
    said = {"type": "custom", **rest(custom, frozenset({"format"}))}
    if form:
        said["format"] = {"type": form.get("type"), **grammar}
    return said


def called_by(request: Mapping[str, Any]) -> dict[str, Called]:
    """By the name of each function that stands for a tool: what it stands for.

    Only what must be restored: a function without a name space is called what it is called.
    """
    found: dict[str, Called] = {}
    for tool in read_tools(request):
        if isinstance(tool, Tool):
            said, space = tool.extras.fields["said"], tool.extras.fields.get("of") or {}
            custom, namespace = said["type"] == "custom", string(space.get("name"))
            if custom or namespace:
                found[tool.name] = Called(said["name"], namespace, custom)
    return found


def write_input(text: str) -> str:
    """Free text as the arguments of the function that stands for its tool."""
    return json_text({_INPUT: text})


def read_input(arguments: str) -> str:
    """The free text in the arguments of such a function; what has another form is the text.

    >>> read_input('{"input": "*** Begin Patch"}'), read_input("ls -l")
    ('*** Begin Patch', 'ls -l')
    """
    try:
        given = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(given, str):
        return given
    if not isinstance(given, dict):
        return arguments
    if isinstance(given.get(_INPUT), str):
        return str(given[_INPUT])
    texts = [value for value in given.values() if isinstance(value, str)]
    return texts[0] if len(given) == len(texts) == 1 else arguments


def names_in(choice: Mapping[str, Any]) -> Iterator[str]:
    """The functions that a choice of tools names."""
    for tool in objects(choice.get("tools")):
        yield flat_name(string(tool.get("name")), string(tool.get("namespace")))

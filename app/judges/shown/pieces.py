"""What a question consists of, for a judge: pieces in their order, each of one part."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from tierwatch.judges.transcript import answer_text, canonical_json
from tierwatch.judges.verdict import Question
from tierwatch.routing.content import message_text, role_of
from tierwatch.routing.harness import human_text

Part = Literal["form", "passages", "system", "task", "newest", "program", "earlier"]
"""``form``: the form asked for. ``passages``: retrieved. ``system``: prompt of the system.
``task``: what a person wrote first and last. ``newest``: the newest results of tools. ``program``:
what the caller's program wrote in the person's name or later in the system's. ``earlier``: the rest
of the conversation."""

_SYSTEM = frozenset({"system", "developer"})
_RESULTS = frozenset({"tool", "function"})
# A tool is named in one line: its name, its arguments, and so much of what it does.
_TOOL_WORDS = 120


class Piece(NamedTuple):
    """A labelled text of one part."""

    part: Part
    label: str
    text: str


def question_pieces(question: Question) -> list[Piece]:
    """The pieces of a question in the order in which they are shown."""
    pieces = []
    if question.response_format:
        asked = canonical_json(question.response_format)
        pieces.append(Piece("form", "[response format asked for]", asked))
    pieces += [Piece("passages", "[retrieved passage]", text) for text in question.contexts]
    messages = question.messages
    parts = _parts(messages)
    called = _names_of_calls(messages)
    for place, message in enumerate(messages):
        pieces += _of_message(message, parts.get(place, "earlier"), called)
    return pieces


def tool_lines(tools: Sequence[Mapping[str, Any]]) -> str:
    r"""One line for each tool that was offered: name, arguments, beginning of its description.

    >>> tool_lines([{"type": "function", "function": {"name": "weather", "description": "Now.",
    ...     "parameters": {"properties": {"city": {}, "unit": {}}}}}, {"type": "web_search"}])
    'weather(city, unit): Now.\nweb_search'
    """
    return "\n".join(_tool_line(tool) for tool in tools)


def _parts(messages: Sequence[dict[str, Any]]) -> dict[int, Part]:
    """The part of each message; those that are left out are of the earlier conversation."""
    roles = [role_of(message) for message in messages]
    asked = [place for place, role in enumerate(roles) if role == "user"]
    people = [place for place in asked if human_text(messages[place]).strip()]
    parts: dict[int, Part] = {}
    for place, role in enumerate(roles):
        if role in _SYSTEM:
            parts[place] = "program" if asked and place > asked[0] else "system"
        elif role == "user" and place not in people:
            parts[place] = "program"
    parts |= dict.fromkeys(_newest_results(roles), "newest")
    # Where nobody wrote anything, the last words are what was asked.
    task = people[:1] + people[-1:] or asked[-1:] or list(range(len(messages)))[-1:]
    return parts | dict.fromkeys(task, "task")


def _newest_results(roles: Sequence[str]) -> range:
    """The last results of tools that stand together, with the message that called for them."""
    last = next((n for n in reversed(range(len(roles))) if roles[n] in _RESULTS), None)
    if last is None:
        return range(0)
    first = last
    while first > 0 and roles[first - 1] in _RESULTS:
        first -= 1
    return range(first - 1 if first > 0 and roles[first - 1] == "assistant" else first, last + 1)


def _of_message(message: dict[str, Any], part: Part, called: Mapping[str, str]) -> list[Piece]:
    role, text = role_of(message), answer_text(message)
    if role in _RESULTS:
        name = called.get(str(message.get("tool_call_id"))) or message.get("name")
        return [Piece(part, f"[{role} {name}]" if name else f"[{role}]", text)]
    human = human_text(message).strip() if role == "user" else ""
    if human and human != message_text(message).strip():
        before, found, behind = text.partition(human)
        around = f"{before}\n{behind}".strip() if found else text
        program = Piece("program", "[user: written by the caller's program]", around)
        return [program, Piece(part, "[user]", human)]
    return [Piece(part, f"[{role}]", text)]


def _names_of_calls(messages: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Names of the tools that were called, by the call's id."""
    calls = [
        call
        for message in messages
        if isinstance(message.get("tool_calls"), list)
        for call in message["tool_calls"]
        if isinstance(call, dict)
    ]
    named = ((call.get("id"), call.get("function") or call.get("custom")) for call in calls)
    return {
        str(call_id): str(form.get("name"))
        for call_id, form in named
        if isinstance(form, dict) and form.get("name")
    }


def _tool_line(tool: Mapping[str, Any]) -> str:
    form = tool.get("function") or tool.get("custom") or tool
    form = form if isinstance(form, dict) else {}
    name = " ".join(str(form.get("name") or tool.get("type") or "tool").split())
    schema = form.get("parameters")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    arguments = f"({', '.join(map(str, properties))})" if isinstance(properties, dict) else ""
    words = " ".join(str(form.get("description") or "")[: 10 * _TOOL_WORDS].split())
    if len(words) > _TOOL_WORDS:
        words = words[:_TOOL_WORDS].rpartition(" ")[0] + " ..."
    return f"{name}{arguments}: {words}" if words else f"{name}{arguments}"

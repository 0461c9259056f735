"""The body of ``POST /v1/responses`` as a typed request."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import (
    RESPONSES,
    AnswerFormat,
    ChatRequest,
    Extras,
    Sampling,
    Text,
    ToolChoice,
    Turn,
    Unknown,
)
from tierwatch.wire.json_values import mapping, rest, string
from tierwatch.wire.openai_responses.read_parts import NOTHING, items_of, read_turns
from tierwatch.wire.openai_responses.tools import flat_name, names_in, read_tools

_TYPED = frozenset(
    {
        "model",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "temperature",
        "top_p",
        "stream",
    }
)
_MODES = {"auto": "auto", "required": "required", "none": "none"}
EFFORT = "reasoning_effort"
# What stands for words that the provider alone keeps.
_KEPT_ELSEWHERE = ("conversation", "prompt", "previous_response_id")


def read_request(request: Mapping[str, Any]) -> ChatRequest:
    """What a caller asks. Never raises: what has no typed form is kept as it was said."""
    fields, given = rest(request, _TYPED), request.get("input")
    if not isinstance(given, str):
        fields.pop("input", None)
    turns = read_turns(items_of(given))
    effort = mapping(fields.get("reasoning")).get("effort")
    if effort is not None:  # as the other wires find it
        fields[EFFORT] = effort
    kept = [name for name in _KEPT_ELSEWHERE if request.get(name)]
    if kept:
        turns = (*(_elsewhere(name) for name in kept), *turns)
    return ChatRequest(
        model=string(request.get("model")),
        turns=turns,
        instructions=_read_instructions(fields),
        tools=read_tools(request),
        tool_choice=_read_choice(request.get("tool_choice")),
        parallel_calls=request.get("parallel_tool_calls"),
        sampling=Sampling(
            max_tokens=request.get("max_output_tokens"),
            temperature=request.get("temperature"),
            top_p=request.get("top_p"),
        ),
        answer_format=_read_format(fields),
        stream=request.get("stream"),
        user=_read_user(fields),
        service_tier=_read_service_tier(fields),
        extras=Extras(RESPONSES, fields),
    )


def _elsewhere(name: str) -> Turn:
    """A turn for words that are not here: no other wire can say them, so it is not asked."""
    said = Unknown(RESPONSES, {"type": name})
    return Turn("user", (said,), plain=False, extras=Extras(RESPONSES, {"item": None}))


def _read_instructions(fields: dict[str, Any]) -> Turn | None:
    said = fields.get("instructions")
    if not isinstance(said, str):
        return None
    del fields["instructions"]
    return Turn("system", (Text(said, NOTHING),), plain=True, extras=NOTHING)


def _read_user(fields: dict[str, Any]) -> str | None:
    user = fields.get("user")
    return fields.pop("user") if isinstance(user, str) else None


def _read_service_tier(fields: dict[str, Any]) -> Any:
    tier = {"auto": "auto", "default": "standard"}.get(str(fields.get("service_tier")))
    if tier:
        del fields["service_tier"]
    return tier


def _read_format(fields: dict[str, Any]) -> AnswerFormat | None:
    text = mapping(fields.get("text"))
    wanted = mapping(text.get("format"))
    if wanted.get("type") == "json_object":
        schema, extras = None, rest(wanted, frozenset({"type"}))
    elif wanted.get("type") == "json_schema":
        schema, extras = wanted.get("schema", {}), rest(wanted, frozenset({"type", "schema"}))
    else:
        return None
    if not isinstance(schema, dict | None):
        return None
    more = rest(text, frozenset({"format"}))
    del fields["text"]
    if more:
        fields["text"] = more
    return AnswerFormat(schema, Extras(RESPONSES, extras))


def _read_choice(choice: object) -> ToolChoice | None:
    if choice is None:
        return None
    said, allowed = Extras(RESPONSES, {"tool_choice": choice}), None
    if isinstance(choice, dict):
        kind = choice.get("type")
        if kind in ("function", "custom"):
            name = flat_name(string(choice.get("name")), string(choice.get("namespace")))
            return ToolChoice("tool", name, None, said)
        if kind == "allowed_tools":
            allowed = frozenset(names_in(choice))
            choice = choice.get("mode")
    mode: Any = _MODES.get(choice) if isinstance(choice, str) else None
    return ToolChoice(mode, "", allowed, said)

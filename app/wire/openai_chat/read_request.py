"""The body of ``POST /v1/chat/completions`` as a typed request."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import (
    OPENAI,
    AnswerFormat,
    ChatRequest,
    Extras,
    Sampling,
    Tool,
    ToolChoice,
    Unknown,
)
from tierwatch.wire.json_values import mapping, objects, rest, string, string_or_none
from tierwatch.wire.openai_chat.read_parts import extras_of, read_turn

_TYPED = frozenset(
    {
        "model",
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "stream",
    }
)
_OF_A_TOOL = frozenset({"type", "function"})
_OF_A_FUNCTION = frozenset({"name", "description", "parameters"})
_MODES = {"auto": "auto", "required": "required", "none": "none"}


def read_request(request: Mapping[str, Any]) -> ChatRequest:
    """What a caller asks. Never raises: what has no typed form is kept as it was said."""
    fields = rest(request, _TYPED)
    stop = request.get("stop")
    most = request.get("max_completion_tokens") or request.get("max_tokens")
    return ChatRequest(
        model=string(request.get("model")),
        turns=tuple([read_turn(message) for message in objects(request.get("messages"))]),
        tools=tuple([_read_tool(tool) for tool in objects(request.get("tools"))]),
        tool_choice=_read_choice(request.get("tool_choice")),
        parallel_calls=request.get("parallel_tool_calls"),
        sampling=Sampling(
            max_tokens=most,
            temperature=request.get("temperature"),
            top_p=request.get("top_p"),
            stop=tuple(one for one in (stop if isinstance(stop, list) else [stop]) if one),
        ),
        answer_format=_read_format(fields),
        stream=request.get("stream"),
        user=_read_user(fields),
        service_tier=_read_service_tier(fields),
        extras=Extras(OPENAI, fields),
    )


def _read_user(fields: dict[str, Any]) -> str | None:
    user = fields.get("user") or fields.get("safety_identifier")
    if not isinstance(user, str):
        return None
    fields.pop("user", None)
    return user


def _read_service_tier(fields: dict[str, Any]) -> Any:
    tier = {"auto": "auto", "default": "standard"}.get(str(fields.get("service_tier")))
    if tier:
        del fields["service_tier"]
    return tier


def _read_format(fields: dict[str, Any]) -> AnswerFormat | None:
    wanted = mapping(fields.get("response_format"))
    if wanted.get("type") == "json_object":
        schema, extras = None, rest(wanted, frozenset({"type"}))
    elif wanted.get("type") == "json_schema":
        named = mapping(wanted.get("json_schema"))
        schema, extras = named.get("schema", {}), rest(named, frozenset({"schema"}))
    else:
        return None
    if not isinstance(schema, dict | None):
        return None
    del fields["response_format"]
    return AnswerFormat(schema, Extras(OPENAI, extras))


def _read_tool(tool: Mapping[str, Any]) -> Tool | Unknown:
    function = mapping(tool.get("function"))
    parameters = function.get("parameters")
    if not function or not isinstance(parameters, dict | None):
        return Unknown(OPENAI, tool)
    return Tool(
        name=string(function.get("name")),
        description=string_or_none(function.get("description")),
        parameters=parameters,
        extras=extras_of(tool, _OF_A_TOOL, "function", _OF_A_FUNCTION),
    )


def _read_choice(choice: object) -> ToolChoice | None:
    if choice is None:
        return None
    said, allowed = Extras(OPENAI, {"tool_choice": choice}), None
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        only = mapping(choice.get("allowed_tools"))
        allowed = frozenset(tool_name(tool) for tool in objects(only.get("tools")))
        choice = only.get("mode")
    if isinstance(choice, dict):
        return ToolChoice("tool", tool_name(choice), allowed, said)
    mode: Any = _MODES.get(str(choice))
    return ToolChoice(mode, "", allowed, said)


def tool_name(tool: Mapping[str, Any]) -> str:
    """The name of a tool, whether it is a function or a tool of a provider's own."""
    return string(mapping(tool.get("function")).get("name")) or string(tool.get("name"))

"""The body of ``POST /v1/messages`` as a typed request."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.anthropic_messages.read_parts import content_turn, extras_of, read_turn
from tierwatch.wire.chat import (
    ANTHROPIC,
    AnswerFormat,
    ChatRequest,
    Extras,
    Sampling,
    Tool,
    ToolChoice,
    Unknown,
)
from tierwatch.wire.json_values import mapping, objects, rest, string, string_or_none

_TYPED = frozenset(
    {
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "max_tokens",
        "temperature",
        "top_p",
        "stop_sequences",
        "stream",
    }
)
OLDER_FORMAT = "output_format"
_OF_A_TOOL = frozenset({"name", "description", "input_schema"})
_MODES = {"auto": "auto", "any": "required", "none": "none", "tool": "tool"}


def read_request(request: Mapping[str, Any]) -> ChatRequest:
    """What a caller asks. Never raises: what has no typed form is kept as it was said."""
    fields = rest(request, _TYPED)
    system, stop = request.get("system"), request.get("stop_sequences")
    choice = request.get("tool_choice")
    alone = mapping(choice).get("disable_parallel_tool_use")
    return ChatRequest(
        model=string(request.get("model")),
        turns=tuple([read_turn(message) for message in objects(request.get("messages"))]),
        instructions=None if system is None else content_turn("system", system, {}),
        tools=tuple([_read_tool(tool) for tool in objects(request.get("tools"))]),
        tool_choice=_read_choice(choice),
        parallel_calls=False if alone is True else None,
        sampling=Sampling(
            max_tokens=request.get("max_tokens"),
            temperature=request.get("temperature"),
            top_p=request.get("top_p"),
            stop=tuple(stop) if isinstance(stop, list) else (),
        ),
        answer_format=_read_format(fields),
        stream=request.get("stream"),
        user=_read_user(fields),
        service_tier=_read_service_tier(fields),
        extras=Extras(ANTHROPIC, fields),
    )


def _read_user(fields: dict[str, Any]) -> str | None:
    metadata = mapping(fields.get("metadata"))
    user = metadata.get("user_id")
    if not isinstance(user, str):
        return None
    more = rest(metadata, frozenset({"user_id"}))
    del fields["metadata"]
    if more:
        fields["metadata"] = more
    return user


def _read_service_tier(fields: dict[str, Any]) -> Any:
    tier = {"auto": "auto", "standard_only": "standard"}.get(str(fields.get("service_tier")))
    if tier:
        del fields["service_tier"]
    return tier


def _read_format(fields: dict[str, Any]) -> AnswerFormat | None:
    config = mapping(fields.get("output_config"))
    wanted = mapping(config.get("format"))
    schema = wanted.get("schema", {})
    if wanted.get("type") != "json_schema" or not isinstance(schema, dict | None):
        return _read_older_format(fields)
    more = rest(config, frozenset({"format"}))
    del fields["output_config"]
    if more:
        fields["output_config"] = more
    extras = Extras(ANTHROPIC, rest(wanted, frozenset({"type", "schema"})))
    return AnswerFormat(schema, extras)


def _read_older_format(fields: dict[str, Any]) -> AnswerFormat | None:
    """The format where the beta had its place, beside the other fields."""
    wanted = mapping(fields.get(OLDER_FORMAT))
    schema = wanted.get("schema", {})
    if wanted.get("type") != "json_schema" or not isinstance(schema, dict | None):
        return None
    del fields[OLDER_FORMAT]
    extras = Extras(ANTHROPIC, {**rest(wanted, frozenset({"type", "schema"})), OLDER_FORMAT: True})
    return AnswerFormat(schema, extras)


def _read_tool(tool: Mapping[str, Any]) -> Tool | Unknown:
    if not isinstance(tool.get("input_schema"), dict):
        return Unknown(ANTHROPIC, tool)  # of the provider's own
    return Tool(
        name=string(tool.get("name")),
        description=string_or_none(tool.get("description")),
        parameters=tool["input_schema"],
        extras=extras_of(tool, _OF_A_TOOL),
    )


def _read_choice(choice: object) -> ToolChoice | None:
    if not isinstance(choice, dict):
        return None
    mode: Any = _MODES.get(str(choice.get("type")))
    return ToolChoice(mode, string(choice.get("name")), None, Extras(ANTHROPIC, choice))

"""A typed request as the body of ``POST /v1/chat/completions``."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.wire.chat import OPENAI, AnswerFormat, ChatRequest, Tool, ToolChoice, Unknown
from tierwatch.wire.crossing.rewritten import Rewritten
from tierwatch.wire.history.call_ids import with_short_ids
from tierwatch.wire.json_values import mapping
from tierwatch.wire.openai_chat.write_parts import joined, write_turn

# Fields of this wire's own that a caller may send on another one.
_KNOWN = ("seed", "reasoning_effort")


def write_request(request: ChatRequest) -> Rewritten:
    """The body of ``POST /v1/chat/completions``.

    Tools that another wire's provider runs itself (web search, code execution) are left out:
    nobody on this side could run them.

    Raises:
        ProviderError: kind ``refused`` when a message holds what this wire cannot carry.
    """
    own, said = request.extras.wire == OPENAI, request.extras.fields
    out: dict[str, Any] = {"model": request.model} if request.model else {}
    sampling = request.sampling
    asked = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": request.stream,
    }
    out |= {name: value for name, value in asked.items() if value is not None}
    if own:
        out |= said
    else:
        out |= {name: said[name] for name in _KNOWN if said.get(name) is not None}
    out["messages"] = _messages(request)
    # OpenAI's reasoning models refuse max_tokens; servers that know only that ignore this name.
    if sampling.max_tokens not in (None, out.get("max_tokens")):
        out["max_completion_tokens"] = sampling.max_tokens
    if sampling.stop:
        out["stop"] = list(sampling.stop)
    if out.get("stream") and not own:
        out["stream_options"] = {"include_usage": True}  # the other wires' streams always count
    _write_tools(request, out)
    if request.user is not None and said.get("safety_identifier") != request.user:
        out["user"] = request.user
    if request.service_tier is not None:
        out["service_tier"] = {"auto": "auto", "standard": "default"}[request.service_tier]
    if request.answer_format is not None:
        out["response_format"] = _write_format(request.answer_format)
    return Rewritten(out)


def _messages(request: ChatRequest) -> Sequence[Mapping[str, Any]]:
    messages: list[Mapping[str, Any]] = []
    if request.instructions is not None:
        system = joined(request.instructions.parts)
        if system:
            messages.append({"role": "system", "content": system})
    for turn in request.turns:
        messages += write_turn(turn)
    # Ids of this wire's own callers are its providers' own; another wire's may be longer.
    return messages if request.extras.wire == OPENAI else with_short_ids(messages)


def _write_format(wanted: AnswerFormat) -> dict[str, Any]:
    own = wanted.extras.on(OPENAI)
    if wanted.schema is None:
        return {"type": "json_object", **own}
    named, said = own, wanted.extras.fields
    if wanted.extras.wire != OPENAI:
        named = {"name": "answer", "strict": True}
        if said.get("name"):  # another wire of this vendor's, where a schema has these too
            named = {one: said[one] for one in ("name", "strict", "description") if one in said}
    return {"type": "json_schema", "json_schema": {**named, "schema": wanted.schema}}


def _write_tools(request: ChatRequest, out: dict[str, Any]) -> None:
    tools = [written for tool in request.tools if (written := _write_tool(tool))]
    if not tools:
        return
    out["tools"] = tools
    if request.tool_choice is not None:
        choice = _write_choice(request.tool_choice)
        if choice is not None:
            out["tool_choice"] = choice
    if request.parallel_calls is not None:
        out["parallel_tool_calls"] = request.parallel_calls


def _write_tool(tool: Tool | Unknown) -> dict[str, Any] | None:
    if isinstance(tool, Unknown):
        return dict(tool.said) if tool.wire == OPENAI else None
    own = tool.extras.on(OPENAI)
    function: dict[str, Any] = {"name": tool.name}
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.description:
        function["description"] = tool.description
    function |= mapping(own.get("function"))
    if tool.extras.wire != OPENAI and tool.extras.fields.get("strict") is True:
        function["strict"] = True
    return {"type": "function", **own, "function": function}


def _write_choice(choice: ToolChoice) -> object:
    if choice.said.wire == OPENAI:
        return choice.said.fields["tool_choice"]
    if choice.mode == "tool":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode

"""A typed request as the body of ``POST /v1/chat/completions``."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.wire.chat import OPENAI, AnswerFormat, ChatRequest, Text, Tool, ToolChoice, Unknown
from tierwatch.wire.crossing.effort import openai_effort
from tierwatch.wire.crossing.rewritten import (
    BOOKKEEPING,
    Notes,
    Rewritten,
    left_out,
    rewritten,
    said_fields,
)
from tierwatch.wire.crossing.schemas import is_strict, with_properties
from tierwatch.wire.crossing.user_names import plain_user
from tierwatch.wire.history.call_ids import with_short_ids
from tierwatch.wire.json_values import mapping
from tierwatch.wire.openai_chat.read_request import tool_name
from tierwatch.wire.openai_chat.write_parts import joined, write_turn

# Fields of this wire's own that a caller may send on another one.
_KNOWN = ("seed", "reasoning_effort")
# Fields of another wire's that are said here in other words, or ask for nothing.
_CARRIED = frozenset({*_KNOWN, "input", "output_config", "stream_options", "thinking"})
_OF_A_TOOL = BOOKKEEPING | {"of", "said", "strict"}
_OF_OUTPUT = frozenset({"effort"})
_BILLING = "x-anthropic-billing-header"
# Said of a request that ends with the model's own words: here they are history, and no beginning.
PREFILL = "prefill->history"


def write_request(request: ChatRequest) -> Rewritten:
    """The body of ``POST /v1/chat/completions``.

    Tools that another wire's provider runs itself (web search, code execution) are left out:
    nobody on this side could run them.

    Raises:
        ProviderError: kind ``refused`` when a message holds what this wire cannot carry.
    """
    own, said = request.extras.wire == OPENAI, request.extras.fields
    notes: Notes = []
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
    elif said:
        _write_elsewhere_said(said, out, notes)
    out["messages"] = _messages(request, notes)
    # OpenAI's reasoning models refuse max_tokens; servers that know only that ignore this name.
    if sampling.max_tokens not in (None, out.get("max_tokens")):
        out["max_completion_tokens"] = sampling.max_tokens
    if sampling.stop:
        out["stop"] = list(sampling.stop)
    if out.get("stream") and not own:
        out["stream_options"] = {"include_usage": True}  # the other wires' streams always count
    _write_tools(request, out, notes)
    if request.user is not None and said.get("safety_identifier") != request.user:
        out["user"] = request.user if own else plain_user(request.user)
        if out["user"] != request.user:
            notes.append("user->digest")
    if request.service_tier is not None:
        out["service_tier"] = {"auto": "auto", "standard": "default"}[request.service_tier]
    if request.answer_format is not None:
        out["response_format"] = _write_format(request.answer_format)
    return rewritten(out, notes)


def _write_elsewhere_said(said: Mapping[str, Any], out: dict[str, Any], notes: Notes) -> None:
    """What another wire's caller said beyond what all wires say."""
    out |= {name: said[name] for name in _KNOWN if said.get(name) is not None}
    effort, note = openai_effort(said)
    if effort is not None and "reasoning_effort" not in out:
        out["reasoning_effort"] = effort
        notes.append(note)
    elif said.get("thinking"):  # as long as it likes, or not at all: the model's own way here
        notes += left_out(["thinking"])
    more = said_fields(mapping(said.get("output_config")), _OF_OUTPUT)
    notes += left_out([f"output_config.{name}" for name in more])
    notes += left_out(said_fields(said, _CARRIED))


def _messages(request: ChatRequest, notes: Notes) -> Sequence[Mapping[str, Any]]:
    own = request.extras.wire == OPENAI
    messages: list[Mapping[str, Any]] = []
    if request.instructions is not None:
        system = joined(request.instructions.parts)
        if not own:
            system = _without_billing(system, notes)
            for part in request.instructions.parts:
                if isinstance(part, Text) and part.extras.fields:
                    notes += left_out(part.extras.fields)
        if system.strip() or own:
            messages.append({"role": "system", "content": system})
    for turn in request.turns:
        messages += write_turn(turn, notes)
    if own:  # its ids are its providers' own
        return messages
    if messages and messages[-1].get("role") == "assistant":
        notes.append(PREFILL)
    return with_short_ids(messages)


def _without_billing(system: str, notes: Notes) -> str:
    """The prompt without what Claude Code says at its head to its vendor alone.

    It changes with every call, and no prompt cache survives a prompt that begins otherwise.
    """
    if not system.startswith(_BILLING):
        return system
    notes += left_out([_BILLING])
    return system.partition("\n")[2].lstrip("\n")


def _write_format(wanted: AnswerFormat) -> dict[str, Any]:
    own = wanted.extras.on(OPENAI)
    if wanted.schema is None:
        return {"type": "json_object", **own}
    named: Mapping[str, Any] = own
    said = wanted.extras.fields
    if wanted.extras.wire != OPENAI:
        # OpenAI refuses the word where properties may be left out.
        named = {"name": "answer", **({"strict": True} if is_strict(wanted.schema) else {})}
        if said.get("name"):  # another wire of this vendor's, where a schema has these too
            named = {one: said[one] for one in ("name", "strict", "description") if one in said}
    return {"type": "json_schema", "json_schema": {**named, "schema": wanted.schema}}


def _write_tools(request: ChatRequest, out: dict[str, Any], notes: Notes) -> None:
    tools = [written for tool in request.tools if (written := _write_tool(tool, notes))]
    asked = request.tool_choice
    if asked is not None and asked.allowed is not None and asked.said.wire != OPENAI:
        # Compatible servers know no choice among some: the others are not shown.
        tools = [tool for tool in tools if tool_name(tool) in asked.allowed]
    if not tools:
        return
    out["tools"] = tools
    if request.tool_choice is not None:
        choice = _write_choice(request.tool_choice)
        if choice is not None:
            out["tool_choice"] = choice
        elif request.tool_choice.allowed is None:  # of a tool that the other vendor runs
            notes += left_out(["tool_choice"])
    if request.parallel_calls is not None:
        out["parallel_tool_calls"] = request.parallel_calls


def _write_tool(tool: Tool | Unknown, notes: Notes) -> dict[str, Any] | None:
    if isinstance(tool, Unknown):
        if tool.wire == OPENAI:
            return dict(tool.said)
        notes += left_out([f"tools.{tool.kind or 'unknown'}"])
        return None
    if tool.extras.wire != OPENAI:
        return _write_anothers(tool, notes)
    own = tool.extras.fields
    function: dict[str, Any] = {"name": tool.name}
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.description:
        function["description"] = tool.description
    function |= mapping(own.get("function"))
    return {"type": "function", **own, "function": function}


def _write_anothers(tool: Tool, notes: Notes) -> dict[str, Any]:
    """A tool that was said on another wire."""
    fields = tool.extras.fields
    if fields:
        notes += left_out([f"tools.{name}" for name in said_fields(fields, _OF_A_TOOL)])
    function: dict[str, Any] = {"name": tool.name}
    if tool.parameters is not None:
        function["parameters"] = with_properties(tool.parameters)
    if tool.description:
        function["description"] = tool.description
    if fields and fields.get("strict") is True and is_strict(tool.parameters):
        function["strict"] = True
    return {"type": "function", "function": function}


def _write_choice(choice: ToolChoice) -> object:
    if choice.said.wire == OPENAI:
        return choice.said.fields["tool_choice"]
    if choice.mode == "tool":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode

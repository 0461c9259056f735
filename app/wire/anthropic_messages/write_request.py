"""A typed request as the body of ``POST /v1/messages``."""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.write_parts import write_turns
from tierwatch.wire.chat import ANTHROPIC, AnswerFormat, ChatRequest, Tool, ToolChoice, Unknown
from tierwatch.wire.crossing.rewritten import Rewritten
from tierwatch.wire.history.call_ids import with_anthropic_ids
from tierwatch.wire.history.turns import joined_turns, without_orphaned_thinking
from tierwatch.wire.json_values import json_text, mapping, string

# Anthropic demands max_tokens; OpenAI's callers mostly leave it out. 4096 is what every model of
# theirs that is still served can write.
DEFAULT_MAX_TOKENS = 4096

# Fields of this wire's own that a caller may send on another one.
_KNOWN = ("thinking", "top_k", "cache_control", "output_config", "inference_geo", "speed")


def write_request(request: ChatRequest) -> Rewritten:
    """The body of ``POST /v1/messages``.

    Raises:
        ProviderError: kind ``refused`` when a message holds what this wire cannot carry.
    """
    own, said = request.extras.wire == ANTHROPIC, request.extras.fields
    out: dict[str, Any] = {"model": request.model} if request.model else {}
    if request.stream is not None:
        out["stream"] = request.stream
    out |= said if own else {name: said[name] for name in _KNOWN if said.get(name) is not None}
    out["max_tokens"] = request.sampling.max_tokens or DEFAULT_MAX_TOKENS
    system, messages = write_turns(request)
    _write_format(request.answer_format, system, out)
    if system:
        # One string where that says as much; a list of the caller's own stays one.
        plain = request.instructions is None or request.instructions.plain
        plain = plain and all(block.keys() == {"type", "text"} for block in system)
        out["system"] = "\n\n".join(block["text"] for block in system) if plain else system
    safe = with_anthropic_ids(messages)
    # Anthropic refuses an empty turn.
    out["messages"] = joined_turns([message for message in safe if message["content"]])
    without_orphaned_thinking(out)
    _write_sampling(request, out, own=own)
    _write_tools(request, out)
    if request.user is not None:
        out["metadata"] = {"user_id": request.user, **(mapping(out.get("metadata")))}
    if request.service_tier is not None:
        tiers = {"auto": "auto", "standard": "standard_only"}
        out["service_tier"] = tiers[request.service_tier]
    return Rewritten(out)


def _write_sampling(request: ChatRequest, out: dict[str, Any], *, own: bool) -> None:
    temperature, top_p = request.sampling.temperature, request.sampling.top_p
    if own and temperature is not None:
        out["temperature"] = temperature
    elif isinstance(temperature, int | float):
        out["temperature"] = min(temperature, 1.0)
    if top_p is not None and (own or "temperature" not in out):
        out["top_p"] = top_p
    # Anthropic refuses sequences of white space alone.
    sequences = [one for one in request.sampling.stop if isinstance(one, str) and one.strip()]
    if sequences:
        out["stop_sequences"] = sequences


def _write_format(
    wanted: AnswerFormat | None, system: list[dict[str, Any]], out: dict[str, Any]
) -> None:
    if wanted is None:
        return
    if wanted.extras.wire == ANTHROPIC:
        said = {"type": "json_schema", "schema": wanted.schema, **wanted.extras.fields}
        out["output_config"] = {**mapping(out.get("output_config")), "format": said}
        return
    instruction = "Answer with one JSON object and nothing else."
    if wanted.schema is not None:
        instruction = (
            "Answer with one JSON value that is valid under this JSON Schema, and nothing else:\n"
            + json_text(wanted.schema)
        )
    system.append({"type": "text", "text": instruction})


def _write_tools(request: ChatRequest, out: dict[str, Any]) -> None:
    choice = request.tool_choice
    tools = [_write_tool(tool) for tool in request.tools if not _is_anothers(tool)]
    if choice is not None and choice.allowed is not None:
        tools = [tool for tool in tools if _name(tool) in choice.allowed]
    if not tools:
        return
    out["tools"] = tools
    chosen = None if choice is None else _write_choice(choice)
    if request.parallel_calls is False:
        chosen = chosen or {"type": "auto"}
        if chosen["type"] != "none":
            chosen["disable_parallel_tool_use"] = True
    if chosen:
        out["tool_choice"] = chosen


def _write_choice(choice: ToolChoice) -> dict[str, Any] | None:
    if choice.said.wire == ANTHROPIC:
        return dict(choice.said.fields)
    if choice.mode == "tool":
        return {"type": "tool", "name": choice.name}
    kind = {"auto": "auto", "required": "any", "none": "none"}.get(str(choice.mode))
    return {"type": kind} if kind else None


def _is_anothers(tool: Tool | Unknown) -> bool:
    """Whether another wire's provider runs this tool itself: nobody on this side could."""
    return isinstance(tool, Unknown) and tool.for_issuer and tool.wire != ANTHROPIC


def _write_tool(tool: Tool | Unknown) -> dict[str, Any]:
    if isinstance(tool, Unknown):
        if tool.kind == "custom" and "input_schema" not in tool.said:
            raise ProviderError(
                "Anthropic's wire has no tools with free-text input.", kind="refused"
            )
        return dict(tool.said)  # already Anthropic's: a tool of their own
    out: dict[str, Any] = {
        "name": tool.name,
        "input_schema": tool.parameters or {"type": "object", "properties": {}},
    }
    if tool.description:
        out["description"] = tool.description
    if tool.extras.wire == ANTHROPIC:
        return out | dict(tool.extras.fields)
    if tool.extras.fields.get("cache_control"):
        out["cache_control"] = tool.extras.fields["cache_control"]
    return out


def _name(tool: Mapping[str, Any]) -> str:
    return string(mapping(tool.get("function")).get("name")) or string(tool.get("name"))

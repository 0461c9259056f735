"""A typed request as the body of ``POST /v1/messages``."""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.read_request import OLDER_FORMAT
from tierwatch.wire.anthropic_messages.write_parts import write_turns
from tierwatch.wire.chat import ANTHROPIC, AnswerFormat, ChatRequest, Tool, ToolChoice, Unknown
from tierwatch.wire.crossing.effort import anthropic_effort
from tierwatch.wire.crossing.rewritten import (
    BOOKKEEPING,
    Notes,
    Rewritten,
    left_out,
    rewritten,
    said_fields,
)
from tierwatch.wire.crossing.schemas import is_closed, with_type
from tierwatch.wire.crossing.user_names import plain_user
from tierwatch.wire.history.call_ids import with_anthropic_ids
from tierwatch.wire.history.turns import joined_turns, without_orphaned_thinking
from tierwatch.wire.json_values import json_text, mapping, rest, string

# Anthropic demands max_tokens; OpenAI's callers mostly leave it out. 4096 is what every model of
# theirs that is still served can write.
DEFAULT_MAX_TOKENS = 4096

# Where thought counts as well, for it is written first.
THINKING_MAX_TOKENS = 16_384

# Fields of this wire's own that a caller may send on another one.
_KNOWN = ("thinking", "top_k", "cache_control", "output_config", "inference_geo", "speed")
# Fields of other wires' that are said here in other words, or ask for nothing.
_CARRIED = frozenset(
    {
        *_KNOWN,
        "input",
        "max_tokens",
        "reasoning_effort",
        "safety_identifier",
        "stream_options",
        "user",
    }
)
_OF_ANY_TOOL = BOOKKEEPING | {"cache_control", "function", "of", "said"}


def write_request(request: ChatRequest) -> Rewritten:
    """The body of ``POST /v1/messages``.

    Raises:
        ProviderError: kind ``refused`` when a message holds what this wire cannot carry.
    """
    own, said = request.extras.wire == ANTHROPIC, request.extras.fields
    notes: Notes = []
    out: dict[str, Any] = {"model": request.model} if request.model else {}
    if request.stream is not None:
        out["stream"] = request.stream
    if own:
        out |= said
    else:
        _write_elsewhere_said(request, out, notes)
    out["max_tokens"] = request.sampling.max_tokens or _default_tokens(out)
    system, messages = write_turns(request, notes)
    _write_format(request.answer_format, system, out, notes)
    safe = with_anthropic_ids(messages)
    # Anthropic refuses an empty turn.
    messages = joined_turns([message for message in safe if message["content"]])
    if not own:
        system = _with_somebody_to_answer(system, messages, notes)
    if system:
        # One string where that says as much; a list of the caller's own stays one.
        plain = request.instructions is None or request.instructions.plain
        plain = plain and all(block.keys() == {"type", "text"} for block in system)
        out["system"] = "\n\n".join(block["text"] for block in system) if plain else system
    out["messages"] = messages
    if without_orphaned_thinking(out):
        notes.append("-thinking")
    _write_sampling(request, out, notes, own=own)
    _write_tools(request, out, notes)
    _write_user(request, out, notes, own=own)
    if request.service_tier is not None:
        tiers = {"auto": "auto", "standard": "standard_only"}
        out["service_tier"] = tiers[request.service_tier]
    return rewritten(out, notes)


def _write_elsewhere_said(request: ChatRequest, out: dict[str, Any], notes: Notes) -> None:
    """What another wire's caller said beyond what all wires say.

    Raises:
        ProviderError: kind ``refused`` for what would be another answer without it.
    """
    said = request.extras.fields
    if not said:
        return
    several = said.get("n")
    if isinstance(several, int) and several > 1:
        raise ProviderError("Anthropic's wire gives one answer: n must be 1.", kind="refused")
    if said.get("functions"):
        raise ProviderError("Anthropic's wire has no functions: send tools.", kind="refused")
    out |= {name: said[name] for name in _KNOWN if said.get(name) is not None}
    if "thinking" not in out and "output_config" not in out:
        effort = anthropic_effort(said.get("reasoning_effort"))
        if effort.get("thinking") and _forces_a_tool(request):
            del effort["thinking"]  # Anthropic thinks only where it may answer as well
        out |= effort
        if effort:
            notes.append("reasoning_effort->output_config.effort")
        elif said.get("reasoning_effort"):
            notes += left_out(["reasoning_effort"])
    notes += left_out(said_fields(said, _CARRIED))


def _write_user(request: ChatRequest, out: dict[str, Any], notes: Notes, *, own: bool) -> None:
    asks = request.user
    if not own:
        known = string(request.extras.fields.get("safety_identifier"))
        if asks is None:
            asks = known or None
        elif known not in ("", asks):
            notes += left_out(["safety_identifier"])
    if asks is None:
        return
    user = asks if own else plain_user(asks)
    out["metadata"] = {"user_id": user, **(mapping(out.get("metadata")))}
    if user != asks:
        notes.append("user->digest")


def _forces_a_tool(request: ChatRequest) -> bool:
    choice = request.tool_choice
    return choice is not None and choice.mode in {"required", "tool"}


def _default_tokens(out: dict[str, Any]) -> int:
    return THINKING_MAX_TOKENS if out.get("thinking") else DEFAULT_MAX_TOKENS


def _with_somebody_to_answer(
    system: list[dict[str, Any]], messages: list[dict[str, Any]], notes: Notes
) -> list[dict[str, Any]]:
    """The system prompt, after what this wire demands of the messages.

    Somebody must have said something, and an answer that was begun may not end in a space.
    """
    if not messages and system:
        notes.append("system->user")
        messages.append({"role": "user", "content": system})
        return []
    last = messages[-1] if messages else {}
    if last.get("role") == "assistant" and isinstance(last["content"], list):
        block = last["content"][-1]
        if block.get("type") == "text" and block["text"][-1:].isspace():
            last["content"] = [*last["content"][:-1], {**block, "text": block["text"].rstrip()}]
    return system


def _write_sampling(request: ChatRequest, out: dict[str, Any], notes: Notes, *, own: bool) -> None:
    temperature, top_p = request.sampling.temperature, request.sampling.top_p
    if own:
        asked = {"temperature": temperature, "top_p": top_p}
        out |= {name: value for name, value in asked.items() if value is not None}
    elif _thinks(out):
        # Whoever thinks draws as it likes: Anthropic refuses other words.
        asked = {"temperature": temperature, "top_p": top_p}
        notes += left_out([name for name, value in asked.items() if value not in (None, 1)])
    else:
        if isinstance(temperature, int | float):
            out["temperature"] = min(temperature, 1.0)
            if temperature > 1:
                notes.append("temperature<=1")
        if top_p is not None and "temperature" not in out:
            out["top_p"] = top_p
        elif top_p is not None:
            notes += left_out(["top_p"])
    # Anthropic refuses sequences of white space alone.
    given = request.sampling.stop
    sequences = [one for one in given if isinstance(one, str) and one.strip()]
    if sequences:
        out["stop_sequences"] = sequences
    if len(sequences) < len(given):
        notes += left_out(["stop"])


def _thinks(out: dict[str, Any]) -> bool:
    return mapping(out.get("thinking")).get("type") in ("enabled", "adaptive")


def _write_format(
    wanted: AnswerFormat | None, system: list[dict[str, Any]], out: dict[str, Any], notes: Notes
) -> None:
    if wanted is None:
        return
    if wanted.extras.wire == ANTHROPIC:
        more = rest(wanted.extras.fields, frozenset({OLDER_FORMAT}))
        said = {"type": "json_schema", "schema": wanted.schema, **more}
        if OLDER_FORMAT in wanted.extras.fields:
            out[OLDER_FORMAT] = said
        else:
            out["output_config"] = {**mapping(out.get("output_config")), "format": said}
        return
    instruction = "Answer with one JSON object and nothing else."
    if wanted.schema is not None:
        instruction = (
            "Answer with one JSON value that is valid under this JSON Schema, and nothing else:\n"
            + json_text(wanted.schema)
        )
        if is_closed(wanted.schema) and wanted.schema:
            # A model that does not take the field is asked in words all the same.
            said = {"type": "json_schema", "schema": wanted.schema}
            out["output_config"] = {**mapping(out.get("output_config")), "format": said}
    if "format" not in mapping(out.get("output_config")):
        notes.append("response_format->system")
    system.append({"type": "text", "text": instruction})


def _write_tools(request: ChatRequest, out: dict[str, Any], notes: Notes) -> None:
    choice = request.tool_choice
    tools = [written for tool in request.tools if (written := _write_tool(tool, notes))]
    if choice is not None and choice.allowed is not None:
        tools = [tool for tool in tools if _name(tool) in choice.allowed]
    if not tools:
        return
    out["tools"] = tools
    chosen = None if choice is None else _write_choice(choice)
    if choice is not None and chosen is None and choice.allowed is None:
        notes += left_out(["tool_choice"])  # of a tool that the other vendor runs
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


def _write_tool(tool: Tool | Unknown, notes: Notes) -> dict[str, Any] | None:
    if isinstance(tool, Unknown):
        if tool.for_issuer and tool.wire != ANTHROPIC:  # nobody on this side could run it
            notes += left_out([f"tools.{tool.kind or 'unknown'}"])
            return None
        if tool.kind == "custom" and "input_schema" not in tool.said:
            raise ProviderError(
                "Anthropic's wire has no tools with free-text input.", kind="refused"
            )
        return dict(tool.said)  # already Anthropic's: a tool of their own
    own, said = tool.extras.wire == ANTHROPIC, tool.extras.fields
    schema = tool.parameters or {"type": "object", "properties": {}}
    out: dict[str, Any] = {
        "name": tool.name,
        "input_schema": schema if own else with_type(schema),
    }
    if tool.description:
        out["description"] = tool.description
    if own:
        return out | dict(said)
    if not said:
        return out
    if said.get("cache_control"):
        out["cache_control"] = said["cache_control"]
    more = said_fields({**said, **mapping(said.get("function"))}, _OF_ANY_TOOL)
    notes += left_out([f"tools.{name}" for name in more])
    return out


def _name(tool: Mapping[str, Any]) -> str:
    return string(mapping(tool.get("function")).get("name")) or string(tool.get("name"))

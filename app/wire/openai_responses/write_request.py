"""A typed request as the body of ``POST /v1/responses``."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import OPENAI, RESPONSES, AnswerFormat, ChatRequest, Text, ToolChoice
from tierwatch.wire.crossing.effort import openai_effort
from tierwatch.wire.crossing.rewritten import (
    Notes,
    Rewritten,
    left_out,
    rewritten,
    said_fields,
)
from tierwatch.wire.json_values import mapping, rest
from tierwatch.wire.openai_responses.read_request import EFFORT
from tierwatch.wire.openai_responses.tools import write_tools
from tierwatch.wire.openai_responses.write_parts import note_left_out, refused, write_turns

# What both wires of the vendor know under one name.
_SAME_VENDOR = ("metadata", "prompt_cache_key", "safety_identifier", "top_logprobs")
_CARRIED = frozenset(
    {*_SAME_VENDOR, EFFORT, "max_tokens", "output_config", "stream_options", "thinking"}
)
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def write_request(request: ChatRequest) -> Rewritten:
    """The body of ``POST /v1/responses``.

    Raises:
        ProviderError: kind ``refused`` when a message holds what this wire cannot carry.
    """
    own, sampling = request.extras.wire == RESPONSES, request.sampling
    notes: Notes = []
    out: dict[str, Any] = {"model": request.model} if request.model else {}
    asked = {
        "max_output_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": request.stream,
        "parallel_tool_calls": request.parallel_calls,
        "user": request.user,
    }
    out |= {name: value for name, value in asked.items() if value is not None}
    if own:
        out |= rest(request.extras.fields, frozenset({EFFORT}))
    else:
        out["store"] = False  # nobody has asked for that, and it is what is done unasked
        _write_effort(request.extras.fields, out, notes)
        _write_elsewhere_said(request, out, notes)
    _write_words(request, out, notes, own=own)
    _write_tools(request, out, notes)
    if request.service_tier is not None:
        out["service_tier"] = {"auto": "auto", "standard": "default"}[request.service_tier]
    if request.answer_format is not None:
        out["text"] = {**mapping(out.get("text")), "format": _write_format(request.answer_format)}
    return rewritten(out, notes)


def _write_effort(said: Mapping[str, Any], out: dict[str, Any], notes: Notes) -> None:
    effort, note = said.get(EFFORT), ""
    if effort is None:
        effort, note = openai_effort(said)
    if isinstance(effort, str):
        out["reasoning"] = {"effort": effort}
        notes += [note] if note else []
    else:
        notes += left_out([name for name in (EFFORT, "thinking") if said.get(name)])
    more = said_fields(mapping(said.get("output_config")), frozenset({"effort"}))
    notes += left_out([f"output_config.{name}" for name in more])


def _write_elsewhere_said(request: ChatRequest, out: dict[str, Any], notes: Notes) -> None:
    """What another wire's caller said that this one knows under the same name, or not at all."""
    said = request.extras.fields
    if request.extras.wire == OPENAI:
        out |= {name: said[name] for name in _SAME_VENDOR if said.get(name) is not None}
    if request.sampling.stop:
        notes += left_out(["stop"])
    notes += left_out(said_fields(said, _CARRIED))


def _write_words(request: ChatRequest, out: dict[str, Any], notes: Notes, *, own: bool) -> None:
    if request.instructions is not None:
        if not own:  # of a prompt in blocks, what stands beside their words
            note_left_out(request.instructions.parts, notes)
        texts = [part.text for part in request.instructions.parts if isinstance(part, Text)]
        if own or any(texts):
            out["instructions"] = "\n\n".join(texts)
    if own and "input" in out:
        return
    foreign = [turn.role for turn in request.turns if turn.extras.wire != RESPONSES]
    strange = next((role for role in foreign if role not in _ROLES), None)
    if strange is not None:
        raise refused(f"The Responses wire has no role {strange!r}.")
    out["input"] = write_turns(request.turns, notes)


def _write_tools(request: ChatRequest, out: dict[str, Any], notes: Notes) -> None:
    own = request.extras.wire == RESPONSES
    tools = write_tools(request.tools, notes)
    if tools:
        out["tools"] = tools
    elif not own:
        out.pop("parallel_tool_calls", None)
        return
    if request.tool_choice is not None:
        choice = _write_choice(request.tool_choice)
        if choice is not None:
            out["tool_choice"] = choice


def _write_choice(choice: ToolChoice) -> Any:
    if choice.said.wire == RESPONSES:
        return choice.said.fields["tool_choice"]
    if choice.mode == "tool":
        return {"type": "function", "name": choice.name}
    if choice.allowed is not None and choice.mode is not None:
        tools = [{"type": "function", "name": name} for name in sorted(choice.allowed)]
        return {"type": "allowed_tools", "mode": choice.mode, "tools": tools}
    return choice.mode


def _write_format(wanted: AnswerFormat) -> dict[str, Any]:
    if wanted.schema is None:
        return {"type": "json_object", **wanted.extras.on(RESPONSES)}
    if wanted.extras.wire == RESPONSES:
        return {"type": "json_schema", "schema": wanted.schema, **wanted.extras.fields}
    said = wanted.extras.fields
    named = {name: said[name] for name in ("description",) if said.get(name) is not None}
    return {
        "type": "json_schema",
        "name": said.get("name") or "answer",
        "strict": said.get("strict") is True,
        "schema": wanted.schema,
        **named,
    }

"""LangSmith's exports: runs of type ``llm``, as its API and its bulk export have them.

Source: LangSmith's run data format (2026) and langchain-core's serialised messages. ``wrap_openai``
logs the bodies themselves; LangChain its own messages, which name their class.
"""

from typing import Final

from tierwatch.intake.calls import FRAME, OTHER, PARAMETERS_UNSEEN, Call, Readings
from tierwatch.intake.files.bodies import UNKNOWN_FAILURE, Logged, call_of_bodies, wire_of
from tierwatch.intake.files.fields import amount, field, parsed, said, seconds
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.otlp.dialects.found import function_tools
from tierwatch.intake.otlp.dialects.parts import tool_call
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.usage import Usage, count

ACCEPTED: Final = 'a line is a run with "id", "run_type", "start_time", "inputs" and "outputs"'
_FRAMES: Final = frozenset({"chain", "prompt", "parser"})
_ROLES: Final = {
    "HumanMessage": "user", "SystemMessage": "system", "AIMessage": "assistant",
    "ToolMessage": "tool", "human": "user", "system": "system", "ai": "assistant", "tool": "tool",
}  # fmt: skip
_PARAMETERS: Final = frozenset(
    {"temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop", "n",
     "tool_choice", "response_format", "reasoning_effort", "presence_penalty", "frequency_penalty"}
)  # fmt: skip


def read(row: Json) -> Readings:
    """The call of a run of a model; chains are frames, and everything else is passed over."""
    kind = said(row, "run_type")
    started_at = seconds(row.get("start_time"))
    if not (said(row, "id") and kind and started_at):
        raise NotThisKindError("no id, run_type or start_time")
    if kind != "llm":
        return Readings((), {FRAME if kind in _FRAMES else OTHER: 1})
    logged = _logged(row, started_at)
    inputs, outputs = mapping(parsed(row.get("inputs"))), mapping(parsed(row.get("outputs")))
    messages = inputs.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[0], list):
        return Readings((_of_langchain(row, logged, messages[0], outputs),))
    if any(one.get("lc") for one in objects(messages)):
        return Readings((_of_langchain(row, logged, objects(messages), outputs),))
    request = _invocation(row) | inputs
    answer = outputs if logged.status == 200 else {"error": said(row, "error")}  # noqa: PLR2004
    return Readings((call_of_bodies(logged, request, answer, wire_of(request)),))


def _logged(row: Json, started_at: float) -> Logged:
    metadata = mapping(mapping(parsed(row.get("extra"))).get("metadata"))
    ended_at = seconds(row.get("end_time"))
    first = seconds(row.get("first_token_time"))
    return Logged(
        said(row, "id"),
        started_at,
        status=UNKNOWN_FAILURE if said(row, "error") else 200,
        session=said(metadata, "session_id", "thread_id", "conversation_id")
        or (said(row, "trace_id") if said(row, "parent_run_id") else ""),
        user=said(metadata, "user_id"),
        provider=said(metadata, "ls_provider"),
        model=said(metadata, "ls_model_name"),
        usage=Usage(count(row.get("prompt_tokens")), count(row.get("completion_tokens"))),
        cost_usd=amount(row.get("total_cost")),
        latency_ms=max(0.0, ended_at - started_at) * 1e3 if ended_at else 0.0,
        first_byte_ms=max(0.0, first - started_at) * 1e3 if first else 0.0,
        tags=tuple(tag for tag in row.get("tags") or () if isinstance(tag, str))
        if isinstance(row.get("tags"), list)
        else (),
    )


def _invocation(row: Json) -> Json:
    """What the model was called with, in OpenAI's names, where the run says it."""
    extra = mapping(parsed(row.get("extra")))
    said_here = mapping(extra.get("invocation_params"))
    asked = string(field(said_here, "model", "model_name"))
    kept = {name: said_here[name] for name in _PARAMETERS if said_here.get(name) is not None}
    tools = function_tools(said_here.get("tools"))
    return ({"model": asked} if asked else {}) | kept | ({"tools": tools} if tools else {})


def _of_langchain(row: Json, logged: Logged, said_before: list[JsonValue], outputs: Json) -> Call:
    messages = [_message(one) for one in objects(said_before)]
    request = _invocation(row) | {"messages": [one for one in messages if one]}
    generations = outputs.get("generations")
    first = generations[0] if isinstance(generations, list) and generations else None
    generation = next(iter(objects(first if isinstance(first, list) else generations)), {})
    told = mapping(generation.get("message"))
    kwargs = mapping(told.get("kwargs")) or told
    about = mapping(kwargs.get("response_metadata"))
    info = mapping(generation.get("generation_info"))
    choice = {
        "message": _message(told),
        "finish_reason": field(about, "finish_reason", "stop_reason") or info.get("finish_reason"),
    }
    answer = {"choices": [choice], "model": field(about, "model_name", "model") or logged.model}
    body = answer if logged.status == 200 else {"error": said(row, "error")}  # noqa: PLR2004
    used = mapping(kwargs.get("usage_metadata"))
    if logged.usage.prompt_tokens is None and used:
        cached = mapping(used.get("input_token_details")).get("cache_read")
        usage = Usage(
            count(used.get("input_tokens")), count(used.get("output_tokens")), count(cached)
        )
        logged = logged._replace(usage=usage)
    call = call_of_bodies(logged, request, body, OPENAI)
    called = bool(call.answer and call.answer.get("tool_calls"))
    unread = len([one for one in messages if one]) < len(said_before)
    if not call.outside and not call.error and (unread or (called and "tools" not in request)):
        return call._replace(outside=PARAMETERS_UNSEEN)
    return call


def _message(one: Json) -> Json | None:
    """A message of LangChain's in OpenAI's form; None where its class is not known."""
    path = one.get("id")
    name = path[-1] if isinstance(path, list) and path else one.get("type")
    kwargs = mapping(one.get("kwargs")) or mapping(one.get("data")) or one
    role = _ROLES.get(string(name).removesuffix("Chunk")) or _ROLES.get(string(kwargs.get("type")))
    if role is None:
        return None
    message: Json = {"role": role, "content": kwargs.get("content") or None}
    calls = [
        tool_call(call.get("id"), call.get("name"), call.get("args"))
        for call in objects(kwargs.get("tool_calls"))
    ]
    if calls:
        message["tool_calls"] = calls
    if role == "tool":
        message["tool_call_id"] = string(kwargs.get("tool_call_id"))
    return message

"""OpenAI's stored completions, pairs of request and response, and output items of its Evals.

Source: OpenAI's API reference of 2026 (chat completions with ``store``, eval run output items). A
stored completion repeats its parameters and not its messages, which are a page of their own
(``/chat/completions/{id}/messages``): a line has them under ``messages``.
"""

from typing import Final

from tierwatch.intake.calls import OTHER, Call, Readings
from tierwatch.intake.files.bodies import UNKNOWN_FAILURE, Logged, call_of_bodies, wire_of
from tierwatch.intake.files.fields import said, seconds
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.store.documents import Json
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_values import mapping, objects, string

ACCEPTED: Final = (
    'a line is a stored chat completion with its "messages", or {"request": ..., "response": ...}'
)
EVALS_ACCEPTED: Final = 'a line is an "eval.run.output_item" with its "sample"'
_PARAMETERS: Final = (
    "tools", "tool_choice", "response_format", "temperature", "top_p", "seed", "max_tokens",
    "max_completion_tokens", "frequency_penalty", "presence_penalty", "stop", "n",
    "reasoning_effort", "parallel_tool_calls",
)  # fmt: skip
_OF_A_MESSAGE: Final = ("role", "content", "name", "tool_calls", "tool_call_id")


def read(value: Json) -> Readings:
    """A stored completion, or a pair."""
    if isinstance(value.get("request"), dict):
        return Readings((_pair(value),))
    if value.get("object") != "chat.completion":
        raise NotThisKindError("no chat completion and no request")
    messages = [_message(one) for one in objects(value.get("messages"))]
    parameters = {
        name: value[name] for name in _PARAMETERS if value.get(name) not in (None, [], {})
    }
    if not parameters.get("tools"):
        parameters.pop("tool_choice", None)
        parameters.pop("parallel_tool_calls", None)
    request = {"model": string(value.get("model")), "messages": messages, **parameters}
    metadata = mapping(value.get("metadata"))
    logged = Logged(
        _id(value),
        seconds(value.get("created")),
        session=said(metadata, "session_id", "conversation_id", "thread_id"),
        user=said(value, "user") or said(metadata, "user_id"),
        provider="openai",
    )
    return Readings((call_of_bodies(logged, request, value, OPENAI),))


def read_eval(value: Json) -> Readings:
    """An output item of a run; other objects of an export are passed over."""
    if value.get("object") != "eval.run.output_item":
        if isinstance(value.get("object"), str):
            return Readings((), {OTHER: 1})
        raise NotThisKindError("no output item")
    sample = mapping(value.get("sample"))
    messages = [_message(one) for one in objects(sample.get("input"))]
    parameters = {
        name: sample[name]
        for name in ("temperature", "top_p", "seed", "max_completion_tokens", "tools")
        if sample.get(name) not in (None, [])
    }
    request = {"model": string(sample.get("model")), "messages": messages, **parameters}
    said_by_model = [one for one in objects(sample.get("output")) if one.get("role") == "assistant"]
    choice = {
        "message": _message(said_by_model[0]) if said_by_model else None,
        "finish_reason": sample.get("finish_reason"),
    }
    answer = {"choices": [choice], "model": sample.get("model"), "usage": sample.get("usage")}
    error = mapping(sample.get("error"))
    failure = bool(error.get("message") or error.get("code"))
    logged = Logged(
        _id(value),
        seconds(value.get("created_at")),
        status=UNKNOWN_FAILURE if failure else 200,
        session=said(value, "run_id"),
        provider="openai",
    )
    return Readings((call_of_bodies(logged, request, error if failure else answer, OPENAI),))


def _pair(value: Json) -> Call:
    request = mapping(value["request"])
    response = mapping(value.get("response"))
    wire = wire_of(request, said(value, "url", "path"))
    status = value.get("status", value.get("status_code", 200))
    logged = Logged(
        said(value, "id") or said(response, "id"),
        seconds(value.get("created_at")) or seconds(response.get("created")),
        status=status if isinstance(status, int) else UNKNOWN_FAILURE,
        session=said(value, "session", "session_id"),
        user=said(value, "user") or said(request, "user"),
    )
    if not logged.source_id:
        raise NotThisKindError('no "id"')
    return call_of_bodies(logged, request, response, wire)


def _id(value: Json) -> str:
    if not (found := said(value, "id")):
        raise NotThisKindError('no "id"')
    return found


def _message(one: Json) -> Json:
    """A message without what its page has beside it; its parts stand under a name of their own."""
    kept = {name: one[name] for name in _OF_A_MESSAGE if one.get(name) is not None}
    parts = one.get("content_parts")
    return kept | {"content": parts} if isinstance(parts, list) and parts else kept

"""LiteLLM's records: the batches of its callback ``generic_api``, or of a logger of its users.

Each is a ``StandardLoggingPayload`` (litellm 1.110.2: ``litellm/types/utils.py``), or the object of
a logger that has one under ``standard_logging_object``. What is known of them is in
docs/sources/litellm.md: tokens of a stream that LiteLLM makes up, inline images that it takes out,
and that a stream which its caller abandons is never logged.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tierwatch.errors import ProviderError
from tierwatch.intake.calls import (
    ATTEMPT,
    BAD_LINE,
    NO_ANSWER,
    NO_QUESTION,
    OTHER,
    OTHER_KIND,
    REPEAT,
    TRUNCATED,
    Call,
    Readings,
)
from tierwatch.intake.json_sources.litellm_routing import routed_of
from tierwatch.intake.json_sources.objects import objects_of
from tierwatch.intake.json_sources.values import (
    assistant_message,
    failure_status,
    finish_of,
    money,
    seconds,
    texts,
)
from tierwatch.wire.chat import OPENAI, RESPONSES
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.usage import completion_usage, count
from tierwatch.wire.wires import WIRES

_CHATS: Final = frozenset({"completion", "acompletion"})
_RESPONSES: Final = frozenset({"responses", "aresponses"})
# Asked of models, and no chat of any wire that is judged.
_NO_CHAT: Final = frozenset(
    {"text_completion", "atext_completion", "anthropic_messages", "generate_content"}
)
# What LiteLLM writes where it takes something out.
_TAKEN_OUT: Final = ("[base64_data truncated", "litellm_truncated")
_HIDDEN: Final = "redacted-by-litellm"
# Of a request's fields, what steers LiteLLM and no model.
_ITS_OWN: Final = frozenset({"user", "metadata", "litellm_metadata", "extra_body", "extra_headers"})
_DEEPEST: Final = 12


def read_litellm(body: bytes) -> Readings:
    """The calls of a batch; attempts of one request are one call.

    Raises:
        UnreadableError: there is no object in it.
    """
    found = objects_of(body)
    counted: defaultdict[str, int] = defaultdict(int)
    counted[BAD_LINE] = found.bad
    calls: dict[str, Call] = {}
    for one in found.found:
        record = mapping(one.get("standard_logging_object")) or one
        call = _call(record)
        if isinstance(call, str):
            counted[call] += 1
        elif call.source_id in calls:
            counted[REPEAT] += 1
        else:
            calls[call.source_id] = call
    joined = _joined(list(calls.values()))
    counted[ATTEMPT] = len(calls) - len(joined)
    return Readings(tuple(joined), {kind: n for kind, n in counted.items() if n})


def _call(record: Mapping[str, Any]) -> Call | str:
    """A record as a call, or what it is passed over as."""
    source_id, status = string(record.get("litellm_call_id")), string(record.get("status"))
    kind = string(record.get("call_type"))
    if not source_id or status not in {"success", "failure"}:
        return BAD_LINE
    if kind not in _CHATS | _RESPONSES | _NO_CHAT:
        return OTHER
    parameters = mapping(record.get("model_parameters"))
    hidden = mapping(record.get("hidden_params"))
    response = mapping(record.get("response"))
    answer, reason = (None, None) if status == "failure" else _answer(response)
    request = _request(record, parameters, kind)
    usage = completion_usage(response)
    routed = routed_of(record)
    group = routed.model or string(record.get("model_group"))
    error = mapping(record.get("error_information"))
    failed = status == "failure"
    if failed:  # behind the proxy an attempt and the fallback that answers share one id
        source_id = f"{source_id}#{string(record.get('model_id')) or _model(record)}"
    return Call(
        source_id=source_id,
        trace=string(record.get("trace_id")),
        session=string(record.get("session_id")),
        started_at=seconds(record.get("startTime")),
        asked=group or _model(record),
        model="" if failed else _model(record),
        provider=string(record.get("custom_llm_provider")),
        wire=RESPONSES if kind in _RESPONSES else OPENAI,
        request=request,
        answer=answer,
        finish_reason=reason,
        finished=not failed and answer is not None and reason is not None,
        status=failure_status(error.get("error_code")) if failed else 200,
        error=(string(error.get("error_class")) or "failure") if failed else "",
        prompt_tokens=count(record.get("prompt_tokens")),
        completion_tokens=count(record.get("completion_tokens")),
        cached_tokens=usage.cached_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
        tokens_estimated=_is_estimated(record, parameters),
        cost_usd=_cost(record, hidden),
        latency_ms=_ms(record, "endTime"),
        first_byte_ms=_ms(record, "completionStartTime"),
        fallbacks=_fallbacks(hidden),
        confidence=routed.confidence,
        boundaries=routed.boundaries,
        by_rule=routed.by_rule,
        outside=_outside(kind, request, answer, failed=failed),
        user=string(record.get("end_user")) or string(parameters.get("user")),
        tags=texts(record.get("request_tags")),
        prompt_version=_prompt_version(record),
    )


def _prompt_version(record: Mapping[str, Any]) -> str:
    """What the proxy's caller said of its prompt.

    In the header that the gateway reads, too, which only the proxy's enterprise edition logs; else
    in the caller's metadata.
    """
    metadata = mapping(record.get("metadata"))
    headers = mapping(metadata.get("requester_custom_headers"))
    theirs = mapping(metadata.get("requester_metadata"))
    said = string(headers.get("x-prompt-version")) or string(theirs.get("prompt_version"))
    return said.strip()


def _model(record: Mapping[str, Any]) -> str:
    """The model without its provider, which stands before it behind a router only."""
    return string(record.get("model")).removeprefix(f"{record.get('custom_llm_provider')}/")


def _request(record: Mapping[str, Any], parameters: Mapping[str, Any], kind: str) -> dict[str, Any]:
    said = {name: value for name, value in parameters.items() if name not in _ITS_OWN}
    under = "input" if kind in _RESPONSES else "messages"
    messages = record.get("messages")
    return {"model": string(record.get("model_group")) or _model(record), **said, under: messages}


def _answer(response: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """The assistant message and the finish reason, of a chat completion or of a Response."""
    choice = next(iter(objects(response.get("choices"))), None)
    if choice is None and isinstance(response.get("output"), list):
        try:
            whole = WIRES[OPENAI].write_reply(WIRES[RESPONSES].read_reply(response))
        except ProviderError:
            return None, None
        choice = next(iter(objects(whole.get("choices"))), None)
    if choice is None:
        return None, None
    answer = assistant_message(mapping(choice.get("message")))
    return answer, finish_of(choice.get("finish_reason"), answer)


def _is_estimated(record: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    """Whether LiteLLM counted by itself: a stream whose caller did not ask for the counts."""
    if record.get("stream") is not True:
        return False
    return mapping(parameters.get("stream_options")).get("include_usage") is not True


def _cost(record: Mapping[str, Any], hidden: Mapping[str, Any]) -> float | None:
    """The cost; None of a model without a price, of which LiteLLM says 0 in one place alone."""
    cost = money(record.get("response_cost"))
    unpriced = record.get("status") == "success" and hidden.get("response_cost") is None
    return None if unpriced and not cost else cost


def _ms(record: Mapping[str, Any], name: str) -> float:
    start, end = seconds(record.get("startTime")), seconds(record.get(name))
    return max(0.0, end - start) * 1000 if start and end else 0.0


def _fallbacks(hidden: Mapping[str, Any]) -> int:
    headers = mapping(hidden.get("additional_headers"))
    return count(headers.get("x-litellm-attempted-fallbacks")) or 0


def _outside(
    kind: str, request: Mapping[str, Any], answer: Mapping[str, Any] | None, *, failed: bool
) -> str:
    if kind in _NO_CHAT:
        return OTHER_KIND
    asked = request.get("input" if kind in _RESPONSES else "messages")
    if not asked or not isinstance(asked, str | list) or _holds(asked, (_HIDDEN,)):
        return NO_QUESTION
    if not failed and (answer is None or _holds(answer, (_HIDDEN,))):
        return NO_ANSWER
    return TRUNCATED if _holds(asked, _TAKEN_OUT) else ""


def _holds(value: object, marks: Sequence[str], depth: int = 0) -> bool:
    if isinstance(value, str):
        return any(mark in value for mark in marks)
    if depth > _DEEPEST or not isinstance(value, list | Mapping):
        return False
    inner = value if isinstance(value, list) else value.values()
    return any(_holds(one, marks, depth + 1) for one in inner)


def _joined(calls: list[Call]) -> list[Call]:
    """Requests: a failure whose request was tried again counts with the try that came last.

    A trace alone does not say so, since callers may name one for a whole session: the question has
    to be the same as well. An attempt that comes in another batch stays a request of its own.
    """
    last: dict[tuple[str, str], int] = {}
    before: defaultdict[int, list[Call]] = defaultdict(list)
    in_turn = sorted(range(len(calls)), key=lambda place: calls[place].started_at)
    gone = set()
    for place in in_turn:
        call = calls[place]
        key = (call.trace, repr(call.request.get("messages", call.request.get("input"))))
        earlier = last.get(key)
        if call.trace and earlier is not None and calls[earlier].error:
            gone.add(earlier)
            before[place] = [*before.pop(earlier, []), calls[earlier]]
        last[key] = place
    return [
        _with_attempts(call, before[place]) if place in before else call
        for place, call in enumerate(calls)
        if place not in gone
    ]


def _with_attempts(call: Call, attempts: Sequence[Call]) -> Call:
    """The call that ended a request, asked as its first attempt was and begun when that was."""
    first = attempts[0]
    others = {one.asked for one in attempts} - {call.asked}
    spent = (call.started_at - first.started_at) * 1000
    return call._replace(
        asked=first.asked,
        request={**call.request, "model": first.asked},
        started_at=first.started_at,
        latency_ms=call.latency_ms + spent,
        first_byte_ms=call.first_byte_ms + spent if call.first_byte_ms else 0.0,
        fallbacks=max(call.fallbacks, len(others)),
    )

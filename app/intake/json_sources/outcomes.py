"""Outcomes: what anybody may post who has no format of a vendor's (docs/sources/outcomes.md)."""

from collections.abc import Mapping
from typing import Any, Final

from tierwatch.intake.calls import BAD_LINE, NO_ANSWER, NO_QUESTION, REPEAT, Call, Readings
from tierwatch.intake.json_sources.objects import objects_of
from tierwatch.intake.json_sources.values import (
    assistant_message,
    failure_status,
    finish_of,
    money,
    seconds,
    share,
    texts,
)
from tierwatch.intake.unreadable import UnreadableError
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_values import mapping, string
from tierwatch.wire.usage import count, read_chunk_usage
from tierwatch.wire.wires import WIRES

_LONGEST_ID: Final = 512


def read_outcomes(body: bytes) -> Readings:
    """The calls of a batch.

    Raises:
        UnreadableError: none of it is an outcome; says what the first one lacks.
    """
    found = objects_of(body)
    calls: dict[str, Call] = {}
    problems: list[str] = []
    repeats = 0
    for one in found.found:
        problem = _problem(one)
        if problem:
            problems.append(problem)
        elif one["id"] in calls:
            repeats += 1
        else:
            calls[one["id"]] = _call(one)
    if problems and not calls:
        raise UnreadableError(problems[0])
    counted = {BAD_LINE: found.bad + len(problems), REPEAT: repeats}
    return Readings(tuple(calls.values()), {kind: n for kind, n in counted.items() if n})


def _problem(one: Mapping[str, Any]) -> str:
    """What is wrong with an outcome; "" where nothing is."""
    given = one.get("id")
    if not isinstance(given, str) or not 0 < len(given) <= _LONGEST_ID:
        return f"id: found {given!r:.60}; accepted: a text of your own, once a request"
    if not (string(one.get("asked")) or string(one.get("model"))):
        return "model: found nothing; accepted: the model that answered, or `asked`, the alias"
    if not isinstance(one.get("request"), dict):
        return "request: found no object; accepted: the body as it was sent to the model"
    if string(one.get("wire", OPENAI)) not in WIRES:
        return f"wire: found {one['wire']!r:.60}; accepted: one of {', '.join(WIRES)}"
    if not seconds(one.get("started_at")):
        return "started_at: found no time; accepted: seconds since 1970"
    return ""


def _call(one: Mapping[str, Any]) -> Call:
    error = string(one.get("error"))
    answer = None if error else assistant_message(mapping(one.get("answer")))
    usage = read_chunk_usage(one.get("usage"))
    finished = one.get("finished")
    reason = finish_of(one.get("finish_reason"), answer)
    return Call(
        source_id=one["id"],
        trace=string(one.get("trace")),
        session=string(one.get("session")),
        started_at=seconds(one.get("started_at")),
        asked=string(one.get("asked")) or string(one.get("model")),
        model="" if error else string(one.get("model")),
        provider=string(one.get("provider")),
        wire=one.get("wire", OPENAI),
        request=one["request"],
        answer=answer,
        finish_reason=reason,
        finished=answer is not None
        and (reason is not None if finished is None else finished is True),
        status=failure_status(one.get("status")) if error else 200,
        error=error,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
        cost_usd=money(one.get("cost_usd")),
        latency_ms=seconds(one.get("latency_ms")),
        first_byte_ms=seconds(one.get("first_byte_ms")),
        fallbacks=count(one.get("fallbacks")) or 0,
        confidence=share(one.get("confidence")),
        outside=_outside(one, answer, error=error),
        user=string(one.get("user")),
        tags=texts(one.get("tags")),
        prompt_version=string(one.get("prompt_version")).strip(),
    )


def _outside(one: Mapping[str, Any], answer: Mapping[str, Any] | None, *, error: str) -> str:
    if not any(one["request"].get(name) for name in ("messages", "input")):
        return NO_QUESTION
    return NO_ANSWER if answer is None and not error else ""

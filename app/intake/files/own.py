"""JSON lines of ours: one call a line, with the names of `calls.Call`; and recorded traffic.

A line needs ``source_id``, ``started_at`` and ``request``; everything else may be left out. A line
of recorded traffic (``messages`` and ``answers`` by tier) is a call where ``served`` names a tier.
"""

from typing import Any, Final

from tierwatch.intake.calls import Call, Readings
from tierwatch.intake.files.fields import amount, said, seconds
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.store.documents import Json
from tierwatch.wire.answers.finish_words import failed
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_values import mapping
from tierwatch.wire.usage import count
from tierwatch.wire.wires import WIRES

ACCEPTED: Final = (
    'a line is an object with "source_id", "started_at" (seconds since 1970, or a date) and'
    ' "request", or one of recorded traffic with "id", "messages", "answers" and "served"'
)
_COUNTS: Final = ("prompt_tokens", "completion_tokens")
_PARTS: Final = ("cached_tokens", "cache_write_tokens", "fallbacks")
_NAMES: Final = (
    "trace",
    "session",
    "asked",
    "model",
    "provider",
    "error",
    "outside",
    "user",
    "prompt_version",
)
_FAILURES: Final = range(400, 600)


def read(value: Json) -> Readings:
    """The call of a line."""
    if "answers" in value:
        return Readings((_recorded(value),))
    started_at = seconds(value.get("started_at"))
    source_id, request = said(value, "source_id"), value.get("request")
    if not (source_id and started_at and isinstance(request, dict)):
        raise NotThisKindError("no source_id, started_at or request")
    wire = said(value, "wire") or OPENAI
    if wire not in WIRES:
        raise NotThisKindError(f"wire {wire!r} is none of {', '.join(WIRES)}")
    status = value.get("status", 200)
    if status != 200 and status not in _FAILURES:  # noqa: PLR2004
        raise NotThisKindError(f"status {status!r} is neither 200 nor an error's")
    answer = value.get("answer") if isinstance(value.get("answer"), dict) else None
    reason = said(value, "finish_reason") or None
    whole = value.get("finished") is True and answer is not None and not failed(reason)
    names: dict[str, Any] = {name: said(value, name) for name in _NAMES}
    for name in _COUNTS:
        names[name] = count(value.get(name))
    for name in _PARTS:
        names[name] = count(value.get(name)) or 0
    tags = value.get("tags")
    confidence = amount(value.get("confidence"))
    return Readings(
        (
            Call(
                source_id=source_id,
                started_at=started_at,
                request=request,
                answer=answer,
                finish_reason=reason,
                finished=whole and status == 200 and not names["error"],  # noqa: PLR2004
                wire=wire,
                status=status,
                tokens_estimated=value.get("tokens_estimated") is True,
                cost_usd=amount(value.get("cost_usd")),
                latency_ms=amount(value.get("latency_ms")) or 0.0,
                first_byte_ms=amount(value.get("first_byte_ms")) or 0.0,
                confidence=confidence if confidence is not None and confidence <= 1 else None,
                tags=tuple(one for one in tags if isinstance(one, str))
                if isinstance(tags, list)
                else (),
                **names,
            ),
        )
    )


def _recorded(value: Json) -> Call:
    """One answer of several that were recorded: that of the tier which is said to have served."""
    served = said(value, "served")
    told = mapping(mapping(value.get("answers")).get(served))
    text, messages = said(told, "text"), value.get("messages")
    if not (said(value, "id") and text and isinstance(messages, list)):
        raise NotThisKindError('no id, messages, or answer of the tier in "served"')
    return Call(
        source_id=said(value, "id"),
        trace="",
        session=said(value, "session"),
        started_at=seconds(value.get("at_s")),
        asked=served,
        model=served,
        provider="",
        request={"model": served, "messages": messages},
        answer={"role": "assistant", "content": text},
        finish_reason="stop",
        finished=True,
        cost_usd=amount(told.get("cost_usd")),
    )

"""Claude Code's events, 2.1.332: tokens, cost and latency of each request, and no text.

Its input tokens leave out what the cache took and gave, as on Anthropic's wire; here they are
counted together. Events belong to no trace: the session and its number are an event's id.
"""

from typing import Final

from tierwatch.intake.calls import NO_QUESTION, Call
from tierwatch.intake.otlp.dialects.found import OK, UNKNOWN_FAILURE
from tierwatch.intake.otlp.reading import number, text, tokens
from tierwatch.intake.otlp.telemetry import NANOSECONDS_A_SECOND, LogRecord
from tierwatch.store.documents import Json
from tierwatch.wire.chat import ANTHROPIC

SCOPE: Final = "com.anthropic.claude_code.events"
_ANSWERED: Final = frozenset({"api_request", "claude_code.api_request"})
_FAILED: Final = frozenset({"api_error", "claude_code.api_error"})


def call_of_event(record: LogRecord) -> Call | None:
    """The call that an event reports; None where it reports something else."""
    if record.name not in _ANSWERED | _FAILED:
        return None
    attributes = record.attributes
    session = text(attributes, "session.id")
    latency_ms = number(attributes, "duration_ms") or _milliseconds(attributes, "duration_ms")
    read, cached, written = _prompt(attributes)
    failed = record.name in _FAILED
    model = text(attributes, "model")
    error = text(attributes, "error") or "failed, and its event does not say why"
    return Call(
        source_id=f"{session}:{record.at_ns}:{attributes.get('event.sequence', 0)}",
        trace="",
        session=session,
        # The event is written when the answer is there.
        started_at=record.at_ns / NANOSECONDS_A_SECOND - latency_ms / 1e3,
        asked=model,
        model="" if failed else model,
        provider="anthropic",
        request={"model": model, "messages": []},
        answer=None,
        finish_reason=None,
        finished=False,
        wire=ANTHROPIC,
        status=(tokens(attributes, "status_code") or UNKNOWN_FAILURE) if failed else OK,
        error=error if failed else "",
        prompt_tokens=read,
        completion_tokens=tokens(attributes, "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        cost_usd=number(attributes, "cost_usd"),
        latency_ms=latency_ms,
        first_byte_ms=number(attributes, "ttft_ms") or 0.0,
        outside="" if failed else NO_QUESTION,
        user=text(attributes, "user.account_uuid", "user.id"),
    )


def _prompt(attributes: Json) -> tuple[int | None, int, int]:
    """Everything that was read, and what of it came from the cache and went into it."""
    fresh = tokens(attributes, "input_tokens")
    cached = tokens(attributes, "cache_read_tokens") or 0
    written = tokens(attributes, "cache_creation_tokens") or 0
    if fresh is None:
        return None, 0, 0
    return fresh + cached + written, cached, written


def _milliseconds(attributes: Json, name: str) -> float:
    """A duration that is text, as in the events of tools."""
    return float(tokens(attributes, name) or 0)

"""Why a request is not served, in the error envelope of the wire the caller speaks."""

from dataclasses import dataclass
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_wire import error_to_anthropic, error_to_openai
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.openai_wire import error_envelope
from tierwatch.wire.sse import encode_event

OPENAI = "openai"
ANTHROPIC = "anthropic"

# What a caller is told to wait when a provider that is out of capacity names no time.
_RETRY_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served, in OpenAI's terms."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    retry_after_s: float | None = None

    def body(self, wire: str) -> bytes:
        """The error body on the caller's wire."""
        return write_json(self._envelope(wire))

    def event(self, wire: str) -> bytes:
        """The error as the last event of a stream that had already begun."""
        name = "error" if wire == ANTHROPIC else ""
        # What was sent before may have ended in the middle of a line.
        return b"\n\n" + encode_event(write_json(self._envelope(wire)), event=name)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Response headers beside those of the body."""
        if self.retry_after_s is None:
            return []
        return [(b"retry-after", b"%d" % max(1, round(self.retry_after_s)))]

    def _envelope(self, wire: str) -> dict[str, Any]:
        envelope = error_envelope(self.message, self.type, self.code, self.param)
        return error_to_anthropic(envelope, self.status) if wire == ANTHROPIC else envelope


def refusal_for(error: ProviderError) -> Refusal:
    """What the caller is told when no provider answered, or one refused the request itself."""
    if error.kind == "refused":
        return _passed_on(error)
    if error.kind == "rate_limited":
        wait_s = _RETRY_AFTER_S if error.retry_after_s is None else error.retry_after_s
        return Refusal(
            429, str(error), "rate_limit_error", "rate_limit_exceeded", retry_after_s=wait_s
        )
    status = 504 if error.kind == "timeout" else 502
    return Refusal(status, str(error), "api_error", f"provider_{error.kind}")


def _passed_on(error: ProviderError) -> Refusal:
    """The provider's own refusal, whichever wire it was said on."""
    status = error.status or 400
    try:
        body = read_json(error.body.encode())
    except ValueError:
        body = None
    envelope = body
    if not isinstance(body, dict) or body.get("type") == "error":
        envelope = error_to_openai(body, status)
    said = envelope.get("error") if isinstance(envelope, dict) else None
    said = said if isinstance(said, dict) else {}
    message = _string(said.get("message"))
    # Without a status nobody was asked: our own sentence says what cannot be translated.
    if error.status is None or message is None:
        message = str(error)
    kind = _string(said.get("type")) or "invalid_request_error"
    return Refusal(status, message, kind, _string(said.get("code")), _string(said.get("param")))


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

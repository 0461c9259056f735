"""Why a request is not served, in the error envelope of the wire the caller speaks."""

from dataclasses import dataclass, replace

from tierwatch.errors import ProviderError
from tierwatch.retry_after import write_retry_after
from tierwatch.wire.fault import Fault
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.wires import WIRES

# What a caller is told to wait when a provider that is out of capacity names no time.
_RETRY_AFTER_S = 1.0
# As much as is kept of a provider's own error.
_LONGEST_MESSAGE = 2_000


@dataclass(frozen=True, slots=True)
class Refusal(Fault):
    """Why a request is not served, and when it may be tried again."""

    retry_after_s: float | None = None

    @property
    def shortened(self) -> "Refusal":
        """The same, without the megabytes of a caller's that it may repeat."""
        if len(self.message) <= _LONGEST_MESSAGE:
            return self
        return replace(self, message=f"{self.message[:_LONGEST_MESSAGE]}...")

    def body(self, wire: str) -> bytes:
        """The error body on the caller's wire."""
        return write_json(WIRES[wire].write_error(self.shortened))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Response headers beside those of the body."""
        if self.retry_after_s is None:
            return []
        return [(b"retry-after", write_retry_after(self.retry_after_s))]


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
    read = (wire.read_error(body, status) for wire in WIRES.values())
    said = next((one for one in read if one is not None), Fault(status, ""))
    # Without a status nobody was asked: our own sentence says what cannot be translated.
    message = str(error) if error.status is None else said.message or str(error)
    return Refusal(status, message, said.type, said.code, said.param)

"""Why a request is not served, in the error envelope of the wire the caller speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.retry_after import write_retry_after
from tierwatch.wire.fault import Fault, error_text, page_text
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.wires import WIRES

# Statuses with which a provider refuses the gateway, and not what it was asked.
REFUSED_US = frozenset({401, 402, 403})
# As much as is kept of a provider's own error.
_LONGEST_MESSAGE = 2_000


@dataclass(frozen=True, slots=True)
class Refusal(Fault):
    """Why a request is not served, and when it may be tried again.

    Attributes:
        retry_after_s: seconds after which it may; None where nobody has said.
        final: whether asking again is of no use, although the status sounds as if it were.
        told: what the head of the provider's answer tells the caller, by lower-case names.
        details: for the client's program, beside the sentence.
    """

    retry_after_s: float | None = None
    final: bool = False
    told: tuple[tuple[bytes, bytes], ...] = ()
    details: Mapping[str, Any] | None = None

    @property
    def shortened(self) -> "Refusal":
        """The same, without the megabytes of a caller's that it may repeat."""
        if len(self.message) <= _LONGEST_MESSAGE:
            return self
        return replace(self, message=f"{self.message[:_LONGEST_MESSAGE]}...")

    def body(self, wire: str) -> bytes:
        """The error body on the caller's wire."""
        said = WIRES[wire].write_error(self.shortened)
        if self.details is not None:
            said["error"]["details"] = self.details
        return write_json(said)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Response headers beside those of the body."""
        if self.retry_after_s is not None:
            return [(b"retry-after", write_retry_after(self.retry_after_s))]
        # What the clients of both vendors read before the status.
        return [(b"x-should-retry", b"false")] if self.final else []


def refusal_for(error: ProviderError) -> Refusal:
    """What the caller is told when no provider answered, or one refused the request itself."""
    return replace(_refusal(error), told=error.told) if error.told else _refusal(error)


def _refusal(error: ProviderError) -> Refusal:
    if error.kind == "refused":
        return _ours_refused(error) if error.status in REFUSED_US else _passed_on(error)
    if error.kind == "rate_limited":
        # Only a time that the provider named: without one clients have better rules of their own,
        # and Codex asks again six times where it sees any.
        return Refusal(
            429,
            str(error),
            "rate_limit_error",
            "rate_limit_exceeded",
            retry_after_s=error.retry_after_s,
        )
    status = 504 if error.kind == "timeout" else 502
    return Refusal(status, str(error), "api_error", f"provider_{error.kind}")


def _ours_refused(error: ProviderError) -> Refusal:
    """A provider that does not take the gateway's key, credit or rights: not the caller's.

    As 401 it would send people to look at their own key.
    """
    return Refusal(
        502,
        f"The provider did not accept the gateway's own key, credit or rights ({error}).",
        "api_error",
        "provider_refused_gateway",
        final=True,
    )


def _passed_on(error: ProviderError) -> Refusal:
    """The provider's own refusal, whichever wire it was said on."""
    status = error.status or 400
    try:
        body = read_json(error.body.encode())
    except ValueError:
        body = page_text(error.body)
    read = (wire.read_error(body, status) for wire in WIRES.values())
    said = next((one for one in read if one is not None), Fault(status, ""))
    # Without a status nobody was asked: our own sentence says what cannot be translated.
    message = "" if error.status is None else error_text(body)
    return Refusal(status, message or str(error), said.type, said.code, said.param)

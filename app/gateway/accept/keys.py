"""The API keys that callers show."""

import hashlib
import hmac
from collections.abc import Iterable

from tierwatch.gateway.asked import Headers
from tierwatch.wire.refusal import Refusal


class Keys:
    """The keys callers may use. With none configured, everybody may call."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys]

    def refuse(self, shown: bytes) -> Refusal | None:
        """Compare the key that was shown with every accepted one, in constant time."""
        if not self._digests:
            return None
        digest = hashlib.sha256(shown).digest()
        # A list, not a generator: any() would stop at the first match.
        if any([hmac.compare_digest(digest, accepted) for accepted in self._digests]):  # noqa: C419 - as above
            return None
        problem = "This API key is not accepted." if shown else "No API key was given."
        return Refusal(
            401,
            f"{problem} Send one of the gateway's keys as `Authorization: Bearer KEY`"
            " or `x-api-key: KEY`.",
            "authentication_error",
            "invalid_api_key",
        )


def shown_key(headers: Headers) -> bytes:
    """The key a caller shows, as ``x-api-key`` or as a bearer token; empty without one.

    >>> shown_key({b"authorization": b"Bearer  sk-1 "})
    b'sk-1'
    >>> shown_key({b"authorization": b"Basic dXNlcg=="})
    b''
    """
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return headers.get(b"x-api-key") or (token.strip() if scheme.lower() == b"bearer" else b"")

"""The API keys that callers show."""

import hashlib
import hmac
from collections.abc import Mapping

from tierwatch.gateway.asked import Headers
from tierwatch.wire.refusal import Refusal


class Keys:
    """The keys callers may use. With none configured, everybody may call.

    Args:
        keys: each key with the name that its requests are counted under; empty for none.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._names = {_digest(key.encode()): name for key, name in keys.items()}
        self._digests = list(self._names)

    def name_of(self, accepted: bytes) -> str:
        """The name of an accepted key; empty for one without a name, or where none is asked for."""
        return self._names.get(_digest(accepted), "") if self._names else ""

    def refuse(self, shown: bytes) -> Refusal | None:
        """Compare the key that was shown with every accepted one, in constant time."""
        if not self._digests:
            return None
        digest = _digest(shown)
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


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def shown_key(headers: Headers) -> bytes:
    """The key a caller shows, as ``x-api-key`` or as a bearer token; empty without one.

    >>> shown_key({b"authorization": b"Bearer  sk-1 "})
    b'sk-1'
    >>> shown_key({b"authorization": b"Basic dXNlcg=="})
    b''
    """
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return headers.get(b"x-api-key") or (token.strip() if scheme.lower() == b"bearer" else b"")

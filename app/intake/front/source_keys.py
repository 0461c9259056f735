"""The keys that programs show: whose traffic it is, and what may be sent with each."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

from tierwatch.config.watch import SourceKey, SourceKind
from tierwatch.gateway.accept.keys import shown_key
from tierwatch.gateway.asked import Headers


class SourceKeys:
    """The accepted keys.

    Args:
        keys: of the configuration.
        environ: where they are found.

    Raises:
        SettingsError: a key's variable is not set.
    """

    def __init__(self, keys: Sequence[SourceKey], environ: Mapping[str, str]) -> None:
        # By digest: how long a comparison takes then says nothing of a key.
        self._keys = {_digest(one.key.reveal(environ).encode()): one for one in keys}

    def source_of(self, headers: Headers, kind: SourceKind, *, basic: bool) -> str:
        """The source whose key was shown; "" where none was that may send this.

        Args:
            headers: of the request.
            kind: of what is sent.
            basic: whether a key may be the password of basic authorisation.
        """
        found = self._keys.get(
            _digest(shown_key(headers) or (_password(headers) if basic else b""))
        )
        return found.source if found is not None and found.accepts in {"any", kind} else ""

    def accepts(self, headers: Headers) -> bool:
        """Whether any of the keys was shown."""
        return _digest(shown_key(headers)) in self._keys


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _password(headers: Headers) -> bytes:
    """The password of basic authorisation; empty without one.

    >>> _password({b"authorization": b"Basic cGstbGY6c2stbGY="})
    b'sk-lf'
    """
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(token.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""

"""Media encrypted at rest, and opened again: AES-256-GCM under a key that the database has not.

What is sealed is bound to its exchange and its name, so that a row copied to another exchange does
not open there.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from typing import Final

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class SealError(Exception):
    """What was sealed cannot be opened: under another key, for another place, or damaged."""


class Sealer:
    """Seals with the first of its keys, and opens with any.

    Args:
        keys: newest first, at least one.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        # 5 MB, which gateways that keep no media need not have.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt what belongs to a place."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, plain, place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what belongs to a place.

        Raises:
            SealError: it cannot be opened.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, rest, place.encode())
            except (InvalidTag, ValueError):
                continue
        raise SealError("sealed under another key, for another place, or damaged")


def build_sealer(keys: str) -> Sealer | None:
    """The sealer of these keys, as the setting has them; None without one."""
    known = read_keys(keys)
    return Sealer(known) if known else None


def read_keys(text: str) -> tuple[bytes, ...]:
    """Keys, 32 bytes each in base64, newest first and divided by commas.

    Raises:
        ValueError: one of them is none.
    """
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            key = base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error as error:
            raise ValueError("not base64") from error
        if len(key) != KEY_BYTES:
            raise ValueError(f"{len(key)} bytes")
        found.append(key)
    return tuple(found)

"""Where the pins of a conversation are kept: by session, and by the answer it goes on from.

Keys are digests, so that neither a session's name nor an API key is stored; they hold the caller's
key, so that two tenants who name their sessions alike share nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tierwatch.wire.history.marks import heard, message_mark

_PREFIX = "tierwatch:pin:"
# Longer ones are nobody's key, and a table of them would take memory.
_LONGEST_KEY = 512


def tenant_digest(key: bytes) -> bytes:
    """What stands for the caller with this API key; the same for all who show none."""
    return _digest_known(key) if len(key) <= _LONGEST_KEY else hashlib.sha256(key).digest()


@lru_cache(maxsize=1_024)
def _digest_known(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def pin_key(tenant: bytes, *parts: str) -> str:
    """The key of what belongs to a tenant; each part counts by itself, of any length.

    >>> pin_key(b"key", "ab", "c") == pin_key(b"key", "a", "bc")
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (tenant, *(part.encode("utf-8", "surrogatepass") for part in parts)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return _PREFIX + digest.hexdigest()


def session_key(tenant: bytes, seed: str) -> str:
    """Where the pin of a session is kept.

    Args:
        tenant: digest of the caller's key.
        seed: what tells this conversation from others of the tenant.
    """
    return pin_key(tenant, "session", seed)


def turn_key(tenant: bytes, seed: str, answer: Mapping[str, Any]) -> str | None:
    """Where the pin of an answer in a session is kept; None for one that cannot be known again.

    By the answer alone: some clients send what came before it in other words the next time.
    """
    mark = message_mark(answer)
    return None if mark is None else pin_key(tenant, "turn", seed, mark)


def answer_key(
    tenant: bytes, seed: str, messages: Sequence[Mapping[str, Any]], index: int
) -> str | None:
    """Where the pin of the answer at this index is kept; None for one that cannot be known again.

    The answer may be in OpenAI's form or the caller's; what came before it is in the caller's.
    """
    mark = message_mark(messages[index]) if index >= 0 else None
    if mark is None:
        return None
    before = heard(messages[index - 1]) if index else ""
    return pin_key(tenant, "answer", seed, before, mark)

"""Whom a caller asks for, as every provider takes it."""

import hashlib
import re

# OpenAI takes 64 characters, other servers plain ones alone; Claude Code sends 150 of JSON.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def plain_user(user: str) -> str:
    """The name itself where it is short and plain, else a digest of it: the same for the same user.

    >>> plain_user("ann_1"), plain_user("")
    ('ann_1', '')
    >>> plain_user("ann@example.org") == plain_user("ann@example.org")
    True
    """
    if not user or _PLAIN.fullmatch(user):
        return user
    digest = hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=16)
    return f"user_{digest.hexdigest()}"

"""A request as somebody can take it, and what was done to it."""

from typing import Any, NamedTuple


class Rewritten(NamedTuple):
    """A request rewritten for who is to read it.

    Attributes:
        request: the body.
        fitted: what was renamed, capped, moved or left out, each once, in words that a header and
            a metric take: ``thinking->reasoning_effort``, ``-top_k``, ``temperature<=1``.
    """

    request: dict[str, Any]
    fitted: tuple[str, ...] = ()

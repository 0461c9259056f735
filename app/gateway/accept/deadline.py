"""How long a request may take until its first byte: what the caller says it waits, or our own."""

import re

from tierwatch.gateway.asked import Headers

# What the official clients of both vendors wait for an answer unless told otherwise.
_USUAL_S = 600.0
# A caller may say that it waits for a year; nobody reads an answer then.
_LONGEST_S = 3600.0
# Seconds that a client waits for bytes. OpenAI's and Anthropic's Python clients say the first, the
# clients of both for other languages (and Anthropic's, before) the second.
_SAID = (b"x-stainless-read-timeout", b"x-stainless-timeout")
_NUMBER = re.compile(rb"\d{1,9}(?:\.\d{0,9})?")
# The refusal has to arrive before its caller has hung up: a share of its time, one second at most.
_RESERVE = 0.05
_LONGEST_RESERVE_S = 1.0


class Deadlines:
    """How long requests may take. Used by every request at once.

    Args:
        most_s: ``gateway.deadline``; None leaves it to callers, up to an hour.
    """

    def __init__(self, most_s: float | None) -> None:
        self._usual_s = _USUAL_S if most_s is None else most_s
        self._most_s = _LONGEST_S if most_s is None else most_s

    def seconds(self, headers: Headers) -> float:
        """Seconds from the request's last byte until its answer must have begun.

        >>> Deadlines(None).seconds({b"x-stainless-read-timeout": b"20.0"})
        19.0
        >>> Deadlines(None).seconds({}), Deadlines(60.0).seconds({b"x-stainless-timeout": b"600"})
        (600.0, 60.0)
        """
        for name in _SAID:
            said = headers.get(name)
            if said is not None and _NUMBER.fullmatch(said) and (waits_s := float(said)) > 0:
                return min(waits_s - min(_RESERVE * waits_s, _LONGEST_RESERVE_S), self._most_s)
        return self._usual_s

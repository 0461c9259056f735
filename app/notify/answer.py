"""Answer: what became of one event at one destination, and whether to send it again.

Every destination gives one, whatever its wire is; what follows from it is decided in one place,
`loop.notify`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, runtime_checkable

from tierwatch.retry_after import LONGEST_WAIT_S

# taken     the receiver has it.
# later     this event was not taken; another one may be.
# away      nothing is taken there for now: no connection, too many requests, a wrong key or URL.
# never     this event will not be taken, however often it is sent.
Fate = Literal["taken", "later", "away", "never"]

# The event itself is refused: its form, its size, or the place is gone for good.
_NEVER: Final = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 417, 422, 431})
# Not about the event: a key, an address or a proxy that a person mends; or a receiver that is full,
# or restarting.
_AWAY: Final = frozenset({401, 402, 403, 404, 407, 408, 425, 429, 502, 503, 504})
_SUCCESS, _REDIRECT, _ERROR = 200, 300, 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination made of an event.

    Attributes:
        fate: what is to be done with it.
        detail: what the receiver or the network said, for people; never holds a URL or a secret.
        wait_s: what the receiver asked to wait, at most an hour; None for nothing.
    """

    fate: Fate
    detail: str
    wait_s: float | None = None


class Destination(Protocol):
    """A place that events are sent to. A channel is one class of this form, built by `runtime`."""

    @property
    def name(self) -> str:
        """What deliveries and pages call it; the same as long as it is the same place."""

    @property
    def kind(self) -> str:
        """Of the channel, as ``notify[].kind`` names it."""

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Send one event, within some ten seconds; a failure is an answer and no exception."""


@runtime_checkable
class Repeating(Destination, Protocol):
    """A destination that forgets: what stands is sent to it again and again."""

    @property
    def repeat_s(self) -> float:
        """Seconds between two times."""

    def send_all(self, events: Sequence[Mapping[str, Any]]) -> Answer:
        """Send what every alert is now, by an event each, in one request."""


def http_answer(status: int, wait_s: float | None = None) -> Answer:
    """What an HTTP answer means for an event; ``wait_s`` is what it asks to wait.

    >>> http_answer(204).fate, http_answer(500).fate, http_answer(422).fate
    ('taken', 'later', 'never')
    >>> http_answer(429, 30.0)
    Answer(fate='away', detail='HTTP 429, asked to wait 30 s', wait_s=30.0)
    """
    said = f"HTTP {status}"
    if _SUCCESS <= status < _REDIRECT:
        return Answer("taken", said)
    if _REDIRECT <= status < _ERROR:
        return Answer(
            "away", f"{said}: redirects are not followed, for they would carry the alert elsewhere"
        )
    if wait_s is not None:
        wait_s = min(wait_s, LONGEST_WAIT_S)
        said = f"{said}, asked to wait {wait_s:.0f} s"
    if status in _NEVER:
        return Answer("never", said)
    return Answer("away" if status in _AWAY or wait_s is not None else "later", said, wait_s)

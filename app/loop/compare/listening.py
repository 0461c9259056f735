"""Who listens to evaluation: is told of every call and verdict, and may name the trace of a call.

What a listener does costs the evaluation nothing: it neither raises nor waits.
"""

import uuid
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from tierwatch.judges.verdict import Verdict
from tierwatch.providers.completion import Completion
from tierwatch.store.traffic.exchanges import StoredPair


class Evaluated(NamedTuple):
    """What is evaluated.

    Attributes:
        pair: the exchange with its texts.
        served_id: the exchange that was served: of a twin the one that it repeats.
    """

    pair: StoredPair
    served_id: uuid.UUID


class Call(NamedTuple):
    """A step's calls of models, from begin to end.

    Attributes:
        model: that was asked, or the version of the judge.
        provider: of the model; "" of a judge.
        began_at: seconds since 1970.
        ended_at: seconds since 1970.
        cost_usd: what it cost; 0 where nobody knows.
        error: kind of the failure; "" where there is an answer.
    """

    model: str
    provider: str
    began_at: float
    ended_at: float
    cost_usd: float = 0.0
    error: str = ""


class Listener(Protocol):
    """Is told what evaluation does."""

    def headers(self, of: Evaluated, headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """The headers that the shadow's call is sent with."""

    def shadowed(self, of: Evaluated, call: Call, answer: Completion | None) -> None:
        """The alternative tier was asked; None where it gave no answer."""

    def judged(self, of: Evaluated, call: Call, verdict: Verdict | None) -> None:
        """The judge was asked; None where it gave no verdict. A verdict is stored by now."""


class Nobody:
    """Listens to nothing."""

    def headers(self, of: Evaluated, headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """As they are."""
        del of
        return headers

    def shadowed(self, of: Evaluated, call: Call, answer: Completion | None) -> None:
        """Nothing."""

    def judged(self, of: Evaluated, call: Call, verdict: Verdict | None) -> None:
        """Nothing."""


NOBODY: Final = Nobody()

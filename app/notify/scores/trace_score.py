"""A score of a trace or of one span of it, and who takes it."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tierwatch.notify.answer import Answer


@dataclass(frozen=True, slots=True)
class TraceScore:
    """What is sent.

    Attributes:
        id: the same whenever it is sent again, so that it stands there once.
        trace_id: as its tool names it.
        span_id: as its tool names it; "" where the whole trace gets the score.
        name: as ``tierwatch.misroute``.
        value: 0.0 or 1.0.
        label: ``pass``, ``fail`` or ``inconclusive``.
        comment: a sentence and a link to the pair; nothing of what was asked or answered.
        judge: version of the judge.
        link: to the pair.
    """

    id: str
    trace_id: str
    span_id: str
    name: str
    value: float
    label: str
    comment: str
    judge: str
    link: str


class Reply(NamedTuple):
    """What a tool made of a score.

    Attributes:
        answer: as of any destination.
        absent: whether the tool is well and does not know the trace or span, which may be on its
            way.
    """

    answer: Answer
    absent: bool = False


class ScoreDestination(Protocol):
    """A tool that takes scores."""

    @property
    def name(self) -> str:
        """What deliveries are kept by."""

    @property
    def kind(self) -> str:
        """Of the tool, as ``scores[].kind`` names it."""

    @property
    def give_up_s(self) -> float:
        """After which a score that was never taken fails."""

    def send(self, score: TraceScore) -> Reply:
        """Send one score, within some ten seconds; a failure is an answer and no exception."""

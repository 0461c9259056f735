"""What a misroute alert rests on, and the second opinion beside it."""

from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class RelativeChange:
    """The newest rise of a stream over its own past.

    Attributes:
        at: how many observations had been seen when it was noticed.
        before: mean loss of the part of the window that was given up.
        after: mean loss of the window that is kept now; it forgets the past step by step.
        method: what noticed it.
    """

    at: int
    before: float
    after: float
    method: str


@dataclass(frozen=True, slots=True)
class WorstPair:
    """A pair that was judged worse, kept with high confidence.

    Attributes:
        pair: its exchange's id.
        confidence: that kept it.
        request: its number.
    """

    pair: str
    confidence: float
    request: int


@dataclass(frozen=True, slots=True)
class MonitorPoint:
    """Where a monitor stood on its way.

    Attributes:
        conversations: how many observations it had taken in.
        at: when the newest request among them had arrived, in seconds since 1970.
        statistic: of the monitor then.
    """

    conversations: int
    at: float
    statistic: float


@dataclass(frozen=True, slots=True)
class MisrouteEvidence(Document):
    """Why the misroute rate of a segment is above what is tolerated.

    ``first_*`` and ``last_*`` are the ends of the excursion: the pairs since the change that the
    monitor estimates.

    Attributes:
        estimate: rate in the excursion.
        whole_stream: rate in everything the monitor has seen.
        tolerance: rate that must not be exceeded.
        statistic: of the monitor.
        level: at which it alarms.
        stream: that alarmed.
        policy_version: that served its pairs.
        judge_version: that judged them.
        first_outcome: id of the first outcome of the excursion.
        first_pair: its exchange's id.
        first_request: its number.
        last_pair: exchange's id of the last outcome.
        last_request: its number.
        worst: pairs judged worse, those whose judge did not depend on the order first.
        conversations: that the monitor has seen; None of a version that did not count them.
        relative: the newest rise over the stream's own past, if there was one.
        path: of the monitor, from some time before the change to the alarm, oldest first, at most
            200 points; empty of a version that did not keep it, and where what led to the alarm
            cannot be given to a monitor again.
    """

    title: ClassVar[str] = "evidence of a misroute alert"
    kind: ClassVar[str] = "misroute"

    estimate: Estimate
    whole_stream: Estimate
    tolerance: float
    statistic: float
    level: float
    stream: str
    policy_version: int
    judge_version: str
    first_outcome: int
    first_pair: str
    first_request: int
    last_pair: str
    last_request: int
    worst: tuple[WorstPair, ...]
    conversations: int | None = None
    relative: RelativeChange | None = None
    path: tuple[MonitorPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class RelativeEvidence(Document):
    """Why a stream is worse than its own past: a `RelativeChange`, and what it rests on.

    Attributes:
        at: as in `RelativeChange`.
        before: the same.
        after: the same.
        method: the same.
        observations: conversations of the stream.
        whole_stream: rate in all of them.
    """

    title: ClassVar[str] = "evidence of a relative alert"
    kind: ClassVar[str] = "relative"

    at: int
    before: float
    after: float
    method: str
    observations: int
    whole_stream: Estimate

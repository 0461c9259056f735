"""What is kept beside a stream's monitor for the reader: a rate that may be watched."""

from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.evidence.misroute_evidence import RelativeChange


@dataclass(frozen=True, slots=True)
class StreamFigures(Document):
    """A stream's rate and its second opinion, made anew as it grows.

    Attributes:
        value: misroute rate, or None without pairs.
        low: lower end of an interval that holds however often it is read.
        high: upper end.
        n: observations it rests on: those that are still kept.
        method: how it was made.
        observations: conversations the monitor has seen.
        relative: the newest rise over the stream's own past, or None.
    """

    title: ClassVar[str] = "figures of a stream"

    value: float | None
    low: float
    high: float
    n: int
    method: str
    observations: int
    relative: RelativeChange | None = None

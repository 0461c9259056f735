"""What an alert rests on that says: verdict rates have left their own past."""

from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.alarms.sign_patterns import ChangeKind
from tierwatch.evaluation.evidence.document import Document


@dataclass(frozen=True, slots=True)
class Reading:
    """What verdicts may mean.

    Attributes:
        change: what may have changed.
        tier: whose change it is, or the lower tier of a boundary; empty for the judge.
        signs: of the boundaries, cheapest first, as text such as ``-+``.
        share: of the evidence that has this pattern of signs, in (0, 1].
    """

    change: ChangeKind
    tier: str
    signs: str
    share: float


@dataclass(frozen=True, slots=True)
class BoundaryShift:
    """What a boundary's rate of materially worse answers did.

    Attributes:
        lower: tier.
        upper: tier that it is compared with.
        pairs: since the change began, by estimate.
        before: rate that pairs like these had before.
        after: rate of these.
    """

    lower: str
    upper: str
    pairs: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class PastEvidence(Document):
    """Why the verdict rates of boundaries are taken to have changed.

    Attributes:
        readings: what they may mean, the likeliest first; those of one pattern follow each other.
        shifts: of the boundaries that the likeliest speaks of.
        statistic: of the monitor.
        level: at which it alarms.
        conversations: that the monitor has seen.
        since: conversation that the change is estimated to have begun with, counted from 0.
        judge_version: whose verdicts.
        model: of the tier that the likeliest reading names; empty where it names none.
    """

    title: ClassVar[str] = "evidence of an alert against the past"
    kind: ClassVar[str] = "past"

    readings: tuple[Reading, ...]
    shifts: tuple[BoundaryShift, ...]
    statistic: float
    level: float
    conversations: int
    since: int
    judge_version: str
    model: str

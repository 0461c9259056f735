"""What alerts rest on that say: the judge is not to be believed."""

from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.evidence.document import Document


@dataclass(frozen=True, slots=True)
class JudgeOrdersEvidence(Document):
    """Why a judge is taken to go by the order of the answers.

    Attributes:
        judge_version: whose verdicts.
        inconclusive: verdicts whose two orders contradicted each other.
        verdicts: read in both orders.
        statistic: of the monitor.
        level: at which it alarms.
        tolerance: share of inconclusive verdicts that is tolerated.
    """

    title: ClassVar[str] = "evidence of a judge_orders alert"
    kind: ClassVar[str] = "judge_orders"

    judge_version: str
    inconclusive: int
    verdicts: int
    statistic: float
    level: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class JudgeTrustEvidence(Document):
    """Why a judge is not trusted.

    Attributes:
        judge_version: whose verdicts.
        right: anchors on which its verdict was the known one.
        anchors: on which it had a verdict.
        low: lower bound of its accuracy.
        high: upper bound of it.
        least: accuracy that is asked for.
    """

    title: ClassVar[str] = "evidence of a not_trusted alert"
    kind: ClassVar[str] = "not_trusted"

    judge_version: str
    right: int
    anchors: int
    low: float
    high: float
    least: float

"""What a proposal of another model for a tier rests on: both asked the same, judged blind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class TypeCounts:
    """Pairs of one task type, by what the judge said of the candidate's answer."""

    worse: int
    better: int
    ties: int


@dataclass(frozen=True, slots=True)
class DailyChange:
    """What the tier's traffic of the last week costs in a day, and what that becomes.

    Attributes:
        usd: a mean day of the tier now.
        change_usd: what it changes by, below 0 where it saves.
    """

    usd: float
    change_usd: float


@dataclass(frozen=True, slots=True)
class ReplacementEvidence(Document):
    """A candidate beside the model that serves a tier, on the same requests.

    Attributes:
        trial_id: where its pairs are.
        served: the variant that serves now.
        candidate: the variant that is proposed.
        provider: of the candidate.
        model: its name, effort and what it is instead of, as a policy holds them
            (`routing.served.tier_model.TierModel`).
        price: USD per million tokens, by kind, likewise.
        net: rate of materially worse answers less that of better ones; ends at ``delta`` each.
        worse: rate of materially worse answers, unanswered requests among them.
        better: rate of materially better ones.
        worse_by: net rate that was to be held.
        delta: chance that the certificate is wrong.
        pairs: that count: judged either way or a tie, and unanswered.
        unanswered: of them, those that the candidate did not answer.
        contradictions: further pairs, in which the judge's two orders contradict each other.
        unscored: further pairs without a verdict.
        by_type: of the pairs that count, by task type.
        misroute_now: rate of the tier against the next one.
        promised: rate that the rollout is watched for.
        day: what it costs, None where the tier's traffic is not known.
        spent_usd: what the trial cost.
        judge_version: whose verdicts.
        reason: in words.
    """

    title: ClassVar[str] = "evidence of another model for a tier"
    kind: ClassVar[str] = "replacement"

    trial_id: int
    served: str
    candidate: str
    provider: str
    model: Mapping[str, str]
    price: Mapping[str, float | None]
    net: Estimate
    worse: Estimate
    better: Estimate
    worse_by: float
    delta: float
    pairs: int
    unanswered: int
    contradictions: int
    unscored: int
    by_type: Mapping[str, TypeCounts]
    misroute_now: Estimate
    promised: float
    day: DailyChange | None
    spent_usd: float
    judge_version: str
    reason: str

"""What the page of a proposal shows of another model for a tier."""

from dataclasses import dataclass

from tierwatch.dashboard.figures import DAYS_A_MONTH, Figure, figure
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence


@dataclass(frozen=True, slots=True)
class TypeLine:
    """Pairs of one task type; ``more_worse`` says that more of them were worse than better."""

    name: str
    worse: int
    better: int
    ties: int

    @property
    def more_worse(self) -> bool:
        """Whether this type is where the candidate loses."""
        return self.worse > self.better


@dataclass(frozen=True, slots=True)
class ReplacementFigures:
    """A candidate beside the model that serves a tier.

    ``net`` has one-sided bounds. The USD are None where the tier's traffic is not known; the change
    is below 0 where it saves.
    """

    trial_id: int
    served: str
    candidate: str
    provider: str
    net: Figure
    worse: Figure
    better: Figure
    worse_by: float
    delta: float
    pairs: int
    unanswered: int
    contradictions: int
    unscored: int
    types: tuple[TypeLine, ...]
    misroute_now: Figure
    promised: float
    usd_per_day: float | None
    change_per_day: float | None
    change_per_month: float | None
    spent_usd: float
    judge_version: str
    reason: str

    @property
    def contradicting(self) -> float:
        """Share of the judged pairs in which the judge's two orders contradict each other."""
        judged = self.pairs - self.unanswered + self.contradictions
        return self.contradictions / judged if judged else 0.0


def replacement_figures(evidence: ReplacementEvidence) -> ReplacementFigures:
    """What is shown of a trial's pairs."""
    day = evidence.day
    return ReplacementFigures(
        trial_id=evidence.trial_id,
        served=evidence.served,
        candidate=evidence.candidate,
        provider=evidence.provider,
        net=figure(evidence.net),
        worse=figure(evidence.worse),
        better=figure(evidence.better),
        worse_by=evidence.worse_by,
        delta=evidence.delta,
        pairs=evidence.pairs,
        unanswered=evidence.unanswered,
        contradictions=evidence.contradictions,
        unscored=evidence.unscored,
        types=tuple(
            TypeLine(name, counts.worse, counts.better, counts.ties)
            for name, counts in evidence.by_type.items()
        ),
        misroute_now=figure(evidence.misroute_now),
        promised=evidence.promised,
        usd_per_day=None if day is None else day.usd,
        change_per_day=None if day is None else day.change_usd,
        change_per_month=None if day is None else DAYS_A_MONTH * day.change_usd,
        spent_usd=evidence.spent_usd,
        judge_version=evidence.judge_version,
        reason=evidence.reason,
    )

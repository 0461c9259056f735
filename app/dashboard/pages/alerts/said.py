"""What an alert says in sentences: what happened, how sure that is, and how such alerts ended."""

from collections.abc import Mapping
from typing import Final

from tierwatch.dashboard.figures import count, interval, percent
from tierwatch.evaluation.evidence.drift_evidence import (
    InputDriftEvidence,
    JudgeDriftEvidence,
    ModelDriftEvidence,
)
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence, JudgeTrustEvidence
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.evaluation.evidence.past_evidence import PastEvidence
from tierwatch.loop.watch.incidents.reasons import FALSE_ALARM
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.alerts import Alert
from tierwatch.store.incidents.record import BY_ITSELF, UNSAID, Record

# What a busy segment gathers in months: enough that a chance for it means something.
_UPDATES: Final = 100_000
_TINY: Final = 0.0001

# How each way in which alerts ended is counted, of one and of several.
_ENDED: Final[Mapping[str, tuple[str, str]]] = {
    "fixed": ("was real and was mended", "were real and were mended"),
    "accepted": ("was real and was accepted", "were real and were accepted"),
    "expected": ("came of a planned change or a test", "came of a planned change or a test"),
    "duplicate": ("said what another alert said", "said what another alert said"),
    BY_ITSELF: ("ended by itself", "ended by themselves"),
    UNSAID: ("was resolved without a reason of the list", "were resolved without one of the list"),
}


def segment_in_words(alert: Alert) -> str:
    """Tier and task type of an alert, as ``simple, requests of type sql``; empty without a tier."""
    if not alert.tier:
        return ""
    every = alert.task_type in {ALL_TASKS, "*", ""}
    return alert.tier if every else f"{alert.tier}, requests of type {alert.task_type}"


def what_happened(alert: Alert) -> str:
    """One sentence, with the segment, for whoever has just been woken.

    Kinds without a rate of their own say it in the summary that was written when they opened.
    """
    evidence = alert.evidence
    if not isinstance(evidence, MisrouteEvidence) or evidence.estimate.value is None:
        return alert.summary
    every = alert.task_type in {ALL_TASKS, "*", ""}
    of_type = "" if every else f" to requests of type {alert.task_type}"
    other = "fresh ones" if alert.tier == CACHE_TIER else "the next tier's"
    rate = evidence.estimate
    return (
        f"{percent(rate.value)} of {alert.tier}'s answers{of_type} are materially worse than"
        f" {other} ({interval(rate.low, rate.high)}, by {count(rate.n)} pairs since the change);"
        f" {percent(evidence.tolerance)} is tolerated."
    )


def how_sure(alert: Alert) -> str:
    """How often such an alarm would come of nothing, in words; empty where nothing bounds that."""
    evidence = alert.evidence
    if isinstance(evidence, JudgeTrustEvidence):
        return (
            f"Its accuracy is between {percent(evidence.low)} and {percent(evidence.high)}"
            f" by {count(evidence.anchors)} anchors; {percent(evidence.least)} is asked for."
        )
    if isinstance(evidence, MisrouteEvidence):
        right = f"{alert.tier} misrouted no more than the tolerated {percent(evidence.tolerance)}"
        return _chance(right, "conversations", evidence.level)
    if isinstance(evidence, ModelDriftEvidence | JudgeDriftEvidence | JudgeOrdersEvidence):
        right, updates = _repeated(evidence)
        return _chance(right, updates, evidence.level)
    if isinstance(evidence, PastEvidence | InputDriftEvidence):
        of_past = isinstance(evidence, PastEvidence)
        updates = "conversations" if of_past else "requests"
        return _chance("nothing had changed", updates, evidence.level)
    return ""


def _repeated(
    evidence: ModelDriftEvidence | JudgeDriftEvidence | JudgeOrdersEvidence,
) -> tuple[str, str]:
    """What would be right of a model or a judge that is asked the same again, and in what."""
    noise = percent(evidence.tolerance)
    if isinstance(evidence, ModelDriftEvidence):
        right = f"{evidence.model} still passed what it passed at first, but for {noise}"
        return right, "answers to probes"
    if isinstance(evidence, JudgeDriftEvidence):
        return f"the judge judged as at first, but for {noise}", "verdicts on anchors"
    return f"it contradicted itself in no more than {noise} of verdicts", "verdicts"


def record_in_words(kind: str, record: Record) -> str:
    """How the last alerts of a kind ended, the false alarms first."""
    name = kind.replace("_", " ")
    if not record.resolved:
        return f"No other {name} alert has been resolved yet: there is no record of false alarms."
    which = (
        f"Of the last {record.resolved} resolved {name} alerts"
        if record.resolved > 1
        else f"Of one other {name} alert that was resolved"
    )
    false = record.by_reason.get(FALSE_ALARM, 0)
    said = f"{false or 'none'} {'were false alarms' if false > 1 else 'was a false alarm'}"
    rest = [
        f"{n} {_ENDED[reason][n > 1]}" for reason, n in record.by_reason.items() if reason in _ENDED
    ]
    return "; ".join([f"{which}, {said}", *rest]) + "."


def _chance(right: str, updates: str, level: float) -> str:
    """The guarantee of an e-detector, for a number of updates: ``N / level``."""
    chance = min(1.0, _UPDATES / level)
    words = "less than 0.01 %" if chance < _TINY else f"at most {percent(chance)}"
    return (
        f"If {right}, {count(_UPDATES)} {updates} would raise such an alarm with a probability of"
        f" {words}."
    )

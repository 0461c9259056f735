"""The report's schema: what its keys hold. docs/report.md explains them to its readers."""

import sys
from typing import TypedDict

from tierwatch.evaluation.alarms.stream_state import StreamState
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.compare.unscored import UnscoredReport
from tierwatch.store.documents import Json
from tierwatch.store.traffic.outside_counts import OutsideFigures


class Rate(TypedDict):
    """An estimate.

    Attributes:
        estimate: None when unknown.
        low: of the interval; None where it has no lower end.
        high: of the interval.
        n: pairs or minutes it rests on.
        method: how it was made.
    """

    estimate: float | None
    low: float | None
    high: float
    n: int
    method: str


class CostParts(TypedDict):
    """What was paid, by what for; ``unpriced`` models count as free since no price is known."""

    serving_usd: float
    classifier_usd: float
    shadow_usd: float
    judge_usd: float
    checks_usd: float
    unpriced: list[str]


class TierReport(TypedDict):
    """A tier, or the response cache.

    Attributes:
        model: that serves it under the active policy, with its effort where it has one; ``cache``
            for the response cache.
        requests: it served.
        unfamiliar: of these, prompts unlike anything that the learned classifier has judged.
        pairs: exchanges of it that were sampled.
        misroute: how often its answers are materially worse than the next tier's, by the judge.
        misroute_corrected: the same corrected by people's labels; None until there are enough for
            an interval that says something.
        misroute_supposed: the corrected rate if people slipped in 5 % of labels; None once their
            slips are measured, and without a corrected rate.
        labels: pairs of it with the next tier that people labelled.
        overspend: how often the cheaper tier's answer would have done, of all judged pairs.
        inconclusive: how often the judge's two orders contradict each other: neither a misroute nor
            overspend.
        tolerance: misroute rate that must not be exceeded; None for the top tier.
        state: what may be said of it; None without a tolerance.
    """

    model: str
    requests: int
    unfamiliar: int
    pairs: int
    misroute: Rate
    misroute_corrected: Rate | None
    misroute_supposed: Rate | None
    labels: int
    overspend: Rate
    inconclusive: Rate
    tolerance: float | None
    state: StreamState | None


class ObjectiveReport(TypedDict):
    """The share of the quality of tier ``top`` that is to be kept, and what the policy keeps."""

    quality: float
    top: str
    kept: Rate


class AlertReport(TypedDict):
    """An alert; ``attribution`` and ``why`` are None until it is known what it comes from."""

    id: int
    kind: str
    segment: str
    tier: str
    opened_at_request: int
    pairs: int
    cause: str
    state: str
    summary: str
    attribution: str | None
    why: str | None


# A function's syntax, because `from` is a word of Python's own. ``objective`` is what the proposal
# does to the quality kept, in a sentence; None without an objective.
ProposalReport = TypedDict(
    "ProposalReport",
    {
        "id": int,
        "kind": str,
        "tier": str,
        "task_type": str,
        "from": float,
        "to": float,
        "direction": str,
        "state": str,
        "certified": bool,
        "pairs": int,
        "predicted": Json,
        "candidate_version": int | None,
        "objective": str | None,
    },
)


class TrustReport(TypedDict):
    """Whether the judge may be believed, by its newest run over the anchors.

    Attributes:
        judge_version: of it.
        trusted: False is NOT TRUSTED: no rate of the report can be believed.
        right: anchors on which its verdict was the known one.
        anchors: on which it had a verdict.
        low: one-sided lower bound of its accuracy, at 99.9 %.
        high: one-sided upper bound of it, likewise.
        least: accuracy that is asked for.
        sentence: for people; empty while it is trusted.
    """

    judge_version: str
    trusted: bool
    right: int
    anchors: int
    low: float
    high: float
    least: float
    sentence: str


class LabelsReport(TypedDict):
    """How far people's labels may be believed, over all tiers and judges.

    Attributes:
        drawn: labelled pairs drawn for a second label, by another person.
        twice: of these, those that have one.
        needed: second labels that it takes.
        disagreed: where just one of two people found the answer worse.
        slips: chance of a slip; None for its estimate before the first second label.
        same_word: how often two people say the same of three words.
        measured: whether corrected rates take the slips off.
        sentence: all of it, for people.
    """

    drawn: int
    twice: int
    needed: int
    disagreed: int
    slips: Rate
    same_word: Rate
    measured: bool
    sentence: str


class OpinionReport(TypedDict):
    """What users did, beside the judge's verdicts; no alert opens by it.

    Attributes:
        kind: ``asked_again``, ``rated_down``, ``edited``, ``left_early`` or ``chose_themselves``.
        what: in words.
        known: judged pairs of which it is known; requests for the last two.
        said: in how many of them it speaks against the answer.
        correlation: with a loss by the judge; its ``method`` says why there is none.
    """

    kind: str
    what: str
    known: int
    said: int
    correlation: Rate


class FirstJudgeReport(TypedDict):
    """A cheaper judge before the strong one: whether it is asked, what that costs and saves.

    Attributes:
        together: version of the two as one judge.
        alone: version of the strong one.
        asked_first: whether the cheaper one is asked first; else the strong one is asked alone.
        anchors: that both were asked; 0 before the first run, and the rest is 0 then.
        accuracy: share of them that are right with the cheaper one first.
        accuracy_alone: share that are right without it.
        given_up_at_most: upper bound of what is given up, one-sided, at 90 %.
        strong_share: share of them for which the strong one was asked too.
        usd_per_verdict: with the cheaper one first.
        usd_per_verdict_alone: without it.
        sentence: for people.
    """

    together: str
    alone: str
    asked_first: bool
    anchors: int
    accuracy: float
    accuracy_alone: float
    given_up_at_most: float
    strong_share: float
    usd_per_verdict: float
    usd_per_verdict_alone: float
    sentence: str


class PaceReport(TypedDict):
    """What evidence of a tier costs, by the traffic and the prices of the last week.

    Attributes:
        pairs_per_day: judged upwards, without bursts.
        usd_per_pair: their shadow answers and verdicts.
        days_to_rise: until an alert of a rise from 5 to 10 %, on average.
        usd_to_rise: what the pairs until then cost.
        usd_a_point: what makes the interval of its misroute rate one percentage point narrower;
            None where it is unknown or no wider than that.
        days_a_point: until it is, at present.
    """

    pairs_per_day: float
    usd_per_pair: float
    days_to_rise: float
    usd_to_rise: float
    usd_a_point: float | None
    days_a_point: float | None


class Figures(TypedDict):
    """Every figure of what was served and judged, at one moment.

    Attributes:
        pace: what evidence costs, by tier that had judged pairs in the last week.
        requests: all that the gateway served.
        captured: chosen for evaluation: shadowed + pending + failed + dropped at every moment.
        shadowed: have a shadow answer and a final word of the judge: judged + unscored.
        judged: have a verdict.
        unscored: have none that can be read.
        unscored_tasks: task types of which more than 2 % are, of ``evaluation.min_pairs`` or more.
        failed: ended without a verdict.
        dropped: chosen, and then no buffer or file had room.
        pending: chosen and not ended, wherever they are (buffer, spool, queue or worker).
        cost_usd: of serving, without the classifier.
        cost_top_tier_usd: what the top tier's price would have been for the same tokens.
        saving: 1 - cost_usd / cost_top_tier_usd; None before there are costs.
        saving_net_of_evaluation: the same with all costs; below 0 when watching costs more than
            routing saves.
        costs: by what for.
        saving_interval: the saving with its interval.
        quality_vs_top: share of requests answered no worse than by the top tier, at least, by the
            judge's rates.
        quality_vs_top_corrected: the same by corrected rates; None unless every tier has one.
        objective: None without one.
        evaluation_cost_usd: shadow answers, judging, anchors and probes.
        recorded_quality: mean grade of the answers served, in replays only.
        outside: the traffic that no rate speaks of, by reason.
        tiers: by name, the response cache as ``cache``.
        policy_version: active for sessions outside a rollout; None before there is one.
        thresholds: of that policy, by tier.
        model_version: of that policy; 0 is the configured classifier.
    """

    pace: dict[str, PaceReport]
    requests: int
    captured: int
    shadowed: int
    judged: int
    unscored: int
    unscored_tasks: list[UnscoredReport]
    failed: int
    dropped: int
    pending: int
    cost_usd: float
    cost_top_tier_usd: float
    saving: float | None
    saving_net_of_evaluation: float | None
    costs: CostParts
    saving_interval: Rate
    quality_vs_top: Rate
    quality_vs_top_corrected: Rate | None
    objective: ObjectiveReport | None
    evaluation_cost_usd: float
    recorded_quality: float | None
    outside: OutsideFigures
    tiers: dict[str, TierReport]
    policy_version: int | None
    thresholds: dict[str, float]
    model_version: int | None


class Report(Figures):
    """Everything, at one moment.

    Attributes:
        trust: whether the judge may be believed; None before its first run over the anchors.
        first_judge: a cheaper judge before it; None where none is configured.
        labels: how far people's labels may be believed.
        second_opinion: what users did, beside the judge's verdicts.
        alerts: oldest first.
        proposals: oldest first.
    """

    trust: TrustReport | None
    first_judge: FirstJudgeReport | None
    labels: LabelsReport
    second_opinion: list[OpinionReport]
    alerts: list[AlertReport]
    proposals: list[ProposalReport]


def figures(rate: Estimate) -> Rate:
    """An estimate under the report's names.

    An interval without a lower end is Fieller's, of a saving that is too uncertain.
    """
    return {
        "estimate": rate.value,
        "low": rate.low if abs(rate.low) < sys.float_info.max else None,
        "high": rate.high,
        "n": rate.n,
        "method": rate.method,
    }

"""A proposal in sentences: what changes, what is promised, what ends it, how to undo it."""

from dataclasses import dataclass
from typing import Final

from tierwatch.dashboard.figures import DAYS_A_MONTH, change, count, interval, percent, usd
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.evaluation.thresholds.moving import MovingPairs
from tierwatch.loop.decide.rollout import RolloutRules, promised_limit
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.proposals import Proposal

_METHOD: Final = (
    "Money: requests of the last seven days that lie between the two thresholds, by the day, times"
    " the difference of the two tiers' mean costs over the newest pairs."
)


@dataclass(frozen=True, slots=True)
class ProposalWords:
    """What a person is told of a proposal, each in a sentence or two.

    Attributes:
        change: what changes, with money where it is known.
        money: how the money was found; empty without any.
        promise: what is promised, or that nothing is.
        rates: why the rates on the page differ; empty where there is only one.
        ends: what ends the rollout.
        undo: the way back, before, during and after.
    """

    change: str
    money: str
    promise: str
    rates: str
    ends: str
    undo: str


def proposal_words(
    proposal: Proposal, *, tiers: tuple[str, ...], rules: RolloutRules, distrust: str
) -> ProposalWords:
    """A proposal in words.

    Args:
        proposal: as it is stored.
        tiers: names, cheapest first.
        rules: by which rollouts end.
        distrust: why the judge is not trusted; empty where it is.
    """
    moving = _moving(proposal)
    return ProposalWords(
        change=what_changes(proposal, moving, tiers),
        money="" if moving is None or moving.usd_per_day is None else _METHOD,
        promise=what_is_promised(proposal, distrust),
        rates=why_rates_differ(proposal),
        ends=what_ends(proposal, rules),
        undo=how_to_undo(proposal),
    )


def what_changes(proposal: Proposal, moving: MovingPairs | None, tiers: tuple[str, ...]) -> str:
    """What approving it changes, with money a day and a month where it is known."""
    tier, evidence = proposal.tier, proposal.evidence
    above = _above(tier, tiers)
    if isinstance(evidence, ReplacementEvidence):
        who = f"{evidence.candidate} would answer what {evidence.served} answers at {tier}."
        return f"{who}{_cost(proposal)}"
    if proposal.kind == "model":
        return (
            f"A classifier that has learned from judged pairs would decide what stays at {tier} and"
            f" what goes to {above}.{_cost(proposal)}"
        )
    lowers = proposal.to_threshold < proposal.from_threshold
    number = None if moving is None else moving.requests_per_day
    what = "requests" if proposal.task_type == ALL_TASKS else f"{proposal.task_type} requests"
    who = f"About {count(number)} {what} a day" if number is not None else what.capitalize()
    low, high = sorted((proposal.from_threshold, proposal.to_threshold))
    which = f"with a confidence from {low:.2f} to {high:.2f}"
    said = (
        f"{who} {which} would stay at {tier}; {above} answers them now."
        if lowers
        else f"{who} {which} would be answered by {above}; {tier} answers them now."
    )
    return f"{said}{_money(moving) or _cost(proposal)}"


def what_is_promised(proposal: Proposal, distrust: str) -> str:
    """What its certificate says, or why there is none."""
    evidence = proposal.evidence
    if isinstance(evidence, Unreadable):
        return "This version of tierwatch cannot read what it rests on."
    if distrust:
        return "Nothing: the judge whose verdicts it rests on is not trusted."
    reason = evidence.reason[:1].upper() + evidence.reason[1:]
    if not proposal.certified:
        return f"Nothing is certified. {reason}".strip().rstrip(".") + "."
    chance = f"the chance that this is wrong is at most {percent(evidence.delta)}"
    if isinstance(evidence, ReplacementEvidence):
        most = percent(evidence.worse_by)
        return f"It is materially worse more often than better by at most {most}; {chance}."
    if isinstance(evidence, ObjectiveEvidence):
        return f"{reason}; {chance}."
    return (
        f"The misroute rate of all that {proposal.tier} keeps is then at most"
        f" {percent(evidence.alpha)} by the judge's verdicts; {chance}."
    )


def why_rates_differ(proposal: Proposal) -> str:
    """Which rate answers which question."""
    if isinstance(proposal.evidence, Unreadable | ReplacementEvidence):
        return ""
    return (
        "Each rate answers one question. Now: of what the active threshold keeps. Predicted: of all"
        " that would be kept. Of what would move: of the part between the two thresholds alone,"
        " which the predicted rate contains. Replayed: of one pair of each conversation, those from"
        " before an alert among them, so it may lie elsewhere."
    )


def what_ends(proposal: Proposal, rules: RolloutRules) -> str:
    """When its rollout completes, and when it is taken back."""
    start = (
        f"Approved, it is tried by {percent(rules.share)} of the sessions first. It completes by"
        f" itself with {count(rules.min_pairs)} judged pairs of {proposal.tier}"
    )
    promised = promised_limit(proposal, None, rules)
    if promised is None:
        return f"{start}; what it rests on cannot be read, so a person has to end it."
    return (
        f"{start}, and is taken back by itself as soon as more than {percent(promised)} of them are"
        " shown to be misrouted. Of rollouts that keep this at most 1 % are taken back by chance."
    )


def how_to_undo(proposal: Proposal) -> str:
    """The way back."""
    return (
        "While it is rolled out, abort it on the rollout's page: everybody is back on the policy"
        f" before within 5 seconds. Once it is complete, roll back to policy"
        f" {proposal.base_version} on the Policies page. Both take one click and a reason, and the"
        " audit keeps them."
    )


def _above(tier: str, tiers: tuple[str, ...]) -> str:
    """The next tier up, by name where the file has both."""
    place = tiers.index(tier) + 1 if tier in tiers else len(tiers)
    return tiers[place] if place < len(tiers) else "the next tier up"


def _moving(proposal: Proposal) -> MovingPairs | None:
    evidence = proposal.evidence
    if isinstance(evidence, Unreadable | ModelEvidence | ReplacementEvidence):
        return None
    return evidence.moving


def _money(moving: MovingPairs | None) -> str:
    day = None if moving is None else moving.usd_per_day
    if moving is None or day is None:
        return ""
    verb = "saves" if day <= 0 else "costs"
    more = "" if day <= 0 else " more"
    share = moving.bill_share
    bill = "" if share is None else f", {percent(abs(share))} of the whole bill"
    return (
        f" That {verb} {usd(abs(day))} a day{more}, {usd(DAYS_A_MONTH * abs(day))} a month{bill}."
    )


def _cost(proposal: Proposal) -> str:
    """The cost where a day's money is not known: relative, with its interval."""
    predicted = proposal.predicted
    if isinstance(predicted, Unreadable) or predicted.cost_change.value is None:
        return ""
    found = predicted.cost_change
    ends = interval(found.low, found.high if found.high < float("inf") else None)
    what = f"all requests that come to {proposal.tier}"
    return f" The cost of {what} changes by {change(found.value)} ({ends})."

"""The report of a proposal, to be printed, sent and defended: all that its page says, in sections.

It holds words only, so that paper, Markdown and JSON say the same.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.figures import Figure, change, count, figure, interval, percent, when
from tierwatch.dashboard.reports.moving import Moving, moving_of
from tierwatch.dashboard.reports.proposal_words import ProposalWords, proposal_words
from tierwatch.dashboard.reports.router_change import (
    RouterChangeShown,
    router_change,
    with_router,
)
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence, ThresholdEvidence
from tierwatch.loop.compare.trust import distrust
from tierwatch.runtime.rules import approval_rules, rollout_rules, watched_of
from tierwatch.store.pages.lists import AuditLine, audit_lines
from tierwatch.store.proposals import Approval, Proposal, approvals_of, load_proposal


@dataclass(frozen=True, slots=True)
class Table:
    """Headings, and rows of as many cells."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with its paragraphs and, where there are such, its table and its diffs."""

    heading: str
    paragraphs: tuple[str, ...]
    table: Table | None = None
    diffs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposalReport:
    """A proposal as it stands at a moment, in words.

    Attributes:
        proposal: its number.
        title: what it changes, in a line.
        state: of the proposal.
        written_at: the moment.
        summary: what changes, with money where it is known.
        sections: the rest, in the order in which a person decides.
    """

    proposal: int
    title: str
    state: str
    written_at: dt.datetime
    summary: str
    sections: tuple[Section, ...]


def proposal_report(
    connection: Connection, proposal_id: int, config: Config, *, now: dt.datetime
) -> ProposalReport | None:
    """The report of a proposal; None where there is no such proposal."""
    proposal = load_proposal(connection, proposal_id)
    if proposal is None:
        return None
    doubt = distrust(connection)
    router = router_change(connection, proposal, watched_of(config))
    words = with_router(
        proposal_words(
            proposal,
            tiers=tuple(tier.name for tier in config.tiers),
            rules=rollout_rules(config),
            distrust=doubt,
        ),
        router,
    )
    moving = moving_of(connection, proposal)
    history = audit_lines(connection, subject=f"proposal/{proposal_id}")
    approvals = approvals_of(connection, [proposal_id]).get(proposal_id, ())
    return ProposalReport(
        proposal=proposal_id,
        title=title_of(proposal),
        state=proposal.state.replace("_", " "),
        written_at=now,
        summary=words.change,
        sections=(
            Section("Promise", tuple(part for part in (doubt, words.promise) if part)),
            *_router(router),
            _figures(proposal, words),
            *_moving(proposal, moving),
            *_bounds(proposal),
            _judge(proposal),
            Section("Rollout", (words.ends,)),
            Section("How to undo it", (words.undo,)),
            _decision(proposal, approvals, approval_rules(config).needed(proposal)),
            _history(history),
        ),
    )


def _router(change: RouterChangeShown | None) -> Iterator[Section]:
    """The change of a watched router's own file, and the way back."""
    if change is None:
        return
    said = tuple(part for part in (change.says, change.unseen) if part)
    diffs = tuple(part for part in (change.diff, change.undo) if part)
    yield Section(f"Change of {change.file or change.router}", said, diffs=diffs)


def title_of(proposal: Proposal) -> str:
    """What a proposal changes, in a line.

    A replacement whose evidence cannot be read is of "another model".
    """
    evidence, tier = proposal.evidence, proposal.tier
    if isinstance(evidence, ReplacementEvidence):
        return f"{evidence.candidate} to serve {tier}"
    if proposal.kind == "replacement":
        return f"another model to serve {tier}"
    moved = f"{proposal.from_threshold:.2f} to {proposal.to_threshold:.2f}"
    if proposal.kind == "model":
        return f"a classifier learned from judged pairs for {tier}, threshold {moved}"
    of = tier if proposal.task_type == "all" else f"{tier} for {proposal.task_type}"
    return f"{proposal.direction} the threshold of {of} from {moved}"


def _figures(proposal: Proposal, words: ProposalWords) -> Section:
    evidence, predicted = proposal.evidence, proposal.predicted
    rows: list[tuple[str, ...]] = []
    if not isinstance(evidence, Unreadable | ReplacementEvidence):
        rows.append(("Misroute rate now", *rate_words(figure(evidence.kept_now))))
    if not isinstance(predicted, Unreadable):
        rows += [
            ("Misroute rate predicted", *rate_words(figure(predicted.misroute))),
            ("Share kept at the tier", *rate_words(figure(predicted.kept))),
            (
                "Cost change of what comes to the tier",
                *rate_words(figure(predicted.cost_change), signed=True),
            ),
        ]
    if isinstance(evidence, ThresholdEvidence | ObjectiveEvidence) and evidence.moving is not None:
        rows.append(
            ("Misroute rate of what would move", *rate_words(figure(evidence.moving.misroute)))
        )
    if isinstance(evidence, ThresholdEvidence | ModelEvidence) and evidence.alpha is not None:
        rows.append(("Tolerated misroute rate", percent(evidence.alpha), "", ""))
    if isinstance(evidence, ObjectiveEvidence):
        rows.append(("Quality loss allowed", percent(evidence.objective.allowed), "", ""))
        rows.append(("Quality loss then, at most", percent(evidence.objective.bound_then), "", ""))
    paragraphs = tuple(part for part in (words.rates, words.money) if part)
    table = Table(("Figure", "Estimate", "95 % interval", "Pairs"), tuple(rows))
    return Section("Figures", paragraphs, table if rows else None)


def rate_words(found: Figure, *, signed: bool = False) -> tuple[str, str, str]:
    """An estimate as three cells: its value, its interval, its pairs.

    >>> rate_words(Figure(.125, .027, .324, 24, 1, ""))
    ('12.5 %', '2.7 to 32.4 %', '24')
    """
    if found.value is None:
        return "not enough data", "", count(found.n)
    value = change(found.value) if signed else percent(found.value)
    return value, interval(found.low, found.high), count(found.n)


def _moving(proposal: Proposal, moving: Moving) -> Iterator[Section]:
    """The requests that would move, by kind and by example."""
    evidence = proposal.evidence
    if not isinstance(evidence, ThresholdEvidence | ObjectiveEvidence):
        return
    warning = "" if evidence.moving is None else evidence.moving.warning
    worse = moving.worse_types if proposal.to_threshold < proposal.from_threshold else ""
    said = (
        *((f"{warning}.",) if warning else ()),
        *((f"Shown to get worse than is tolerated: {worse}.",) if worse else ()),
    )
    if not moving.groups:
        yield Section("The requests that move", (*said, "No pair of them has been judged."))
        return
    yield Section(
        "The requests that move, by task type",
        (*said, moving.groups_say),
        Table(
            ("Task type", "Pairs", "Worse", "Rate", "Interval", "Shown above the tolerated rate"),
            tuple(
                (
                    one.name,
                    count(one.misroute.n),
                    count(one.worse),
                    percent(one.misroute.value),
                    interval(one.misroute.low, one.misroute.high),
                    "yes" if one.shown else "no",
                )
                for one in moving.groups
            ),
        ),
    )
    yield Section(
        "Examples of the requests that move",
        ("Up to five that the judge found worse at the lower tier, then the newest others.",),
        Table(
            ("Pair", "Confidence", "Lower tier", "What was asked"),
            tuple(
                (
                    str(one.id),
                    f"{one.confidence:.3f}",
                    "worse" if one.worse else "not worse",
                    one.asked or "its text is gone",
                )
                for one in moving.examples
            ),
        ),
    )


def _bounds(proposal: Proposal) -> Iterator[Section]:
    evidence = proposal.evidence
    if isinstance(evidence, Unreadable | ReplacementEvidence) or not evidence.bounds:
        return
    together = isinstance(evidence, ObjectiveEvidence)
    limit = (
        evidence.objective.allowed if isinstance(evidence, ObjectiveEvidence) else evidence.alpha
    )
    what = "quality loss of all tiers" if together else "misroute rate of what is kept"
    yield Section(
        "Thresholds tested",
        (f"From strict to loose, until the upper bound of the {what} is above the limit.",),
        Table(
            ("Threshold", "Upper bound", "Pairs kept", "Result"),
            tuple(
                (
                    f"{one.threshold:.2f}",
                    percent(one.bound),
                    count(one.pairs),
                    "passed" if limit is not None and one.bound <= limit else "failed",
                )
                for one in evidence.bounds
            ),
        ),
    )


def _judge(proposal: Proposal) -> Section:
    evidence = proposal.evidence
    if isinstance(evidence, Unreadable):
        return Section("Judge", ("It is not known whose verdicts it rests on.",))
    corrected = isinstance(evidence, ThresholdEvidence) and evidence.judge_errors is not None
    return Section(
        "Judge",
        (
            f"All rates rest on {count(proposal.pairs)} pairs judged by {evidence.judge_version}.",
            "Its errors are corrected by people's labels."
            if corrected
            else "They are the judge's word: people's labels do not enter them.",
        ),
    )


def _decision(proposal: Proposal, approvals: tuple[Approval, ...], needed: int) -> Section:
    made = f"Made by {proposal.proposed_by}, {when(proposal.created_at)}"
    why = f": {proposal.proposed_why}" if proposal.proposed_why else ""
    said = [f"{made}{why}. Tested beside policy {proposal.base_version}."]
    said += [f"Approved by {one.actor}, {when(one.at)}: {one.why}" for one in approvals]
    if proposal.state == "open":
        said.append(f"It has {len(approvals)} of the approvals that it needs, {needed}.")
        said.append(f"Open until {when(proposal.expires_at)}.")
    elif proposal.state == "rejected":
        who = f"Rejected by {proposal.decided_by}, {when(proposal.decided_at)}"
        said.append(f"{who}: {proposal.decided_why}")
    if proposal.candidate_version is not None:
        said.append(f"Rolled out as policy {proposal.candidate_version}.")
    if proposal.ended_at is not None and proposal.state != "rejected":
        said.append(f"Ended {when(proposal.ended_at)}: {proposal.ended_why}.")
    return Section("Decision", tuple(said))


def _history(lines: list[AuditLine]) -> Section:
    if not lines:
        return Section("History", ("Nothing has been done yet.",))
    rows = tuple(
        (
            when(line.at),
            line.actor,
            line.action,
            ", ".join(f"{name}: {value}" for name, value in line.detail.items()),
        )
        for line in lines
    )
    return Section("History", (), Table(("When", "Who", "What", "Detail"), rows))

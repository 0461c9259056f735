"""One proposal: its evidence, and the forms to approve or reject it."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, reason, sentence
from tierwatch.dashboard.charts.chart import Chart
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.proposals.decision_charts import risk_charts
from tierwatch.dashboard.pages.proposals.proposal_figures import (
    PredictionFigures,
    ProposalFigures,
    prediction_figures,
    proposal_figures,
)
from tierwatch.dashboard.pages.proposals.replacement_figures import (
    ReplacementFigures,
    replacement_figures,
)
from tierwatch.dashboard.reports.moving import Moving, moving_of
from tierwatch.dashboard.reports.proposal_words import ProposalWords, proposal_words
from tierwatch.dashboard.reports.router_change import (
    RouterChangeShown,
    router_change,
    with_router,
)
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.approvals import why_not
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.loop.decide.end import why_outdated
from tierwatch.loop.decide.foreign.mirror import apply_change, undo_change
from tierwatch.runtime.rules import approval_rules, rollout_rules, watched_of
from tierwatch.store.pages.lists import AuditLine, audit_lines, in_force
from tierwatch.store.policies import load_policy
from tierwatch.store.proposals import Approval, Proposal, approvals_of, load_proposal

routes = Blueprint("proposal", __name__)


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A proposal and what is needed to decide it.

    Attributes:
        proposal: itself.
        words: what it changes, what ends it and how to undo it, in sentences.
        moving: the pairs that would move, by task type and by example.
        predicted: None when this version cannot show it.
        evidence: None when this version cannot show it, and for another model of a tier.
        router: what it changes in the settings of a router that is only watched; None where none.
        risk: by threshold, with the certified region; empty where none were tested.
        replacement: what another model of a tier rests on; None for every other kind.
        unreadable: why something cannot be shown; empty when nothing is missing.
        active_version: of the policy that is active.
        outdated: why it may not be approved under the policy that is active; empty where it may.
        rollout_share: share of sessions that approval starts with.
        approvals: who has approved it, oldest first.
        needed: approvals that start its rollout.
        may_not: why whoever reads this may not approve it; empty where they may.
        history: what was done to it.
        problem: why the last action was refused.
        why: the reason that was given then.
    """

    template: ClassVar[str] = "proposal.html"

    proposal: Proposal
    words: ProposalWords
    moving: Moving
    router: RouterChangeShown | None
    predicted: PredictionFigures | None
    evidence: ProposalFigures | None
    risk: tuple[Chart, ...]
    replacement: ReplacementFigures | None
    unreadable: tuple[str, ...]
    active_version: int | None
    outdated: str
    rollout_share: float
    approvals: tuple[Approval, ...]
    needed: int
    may_not: str
    history: tuple[AuditLine, ...]
    problem: str
    why: str


@routes.get(f"/proposals/<{ID}:proposal_id>")
def show(proposal_id: int) -> ResponseReturnValue:
    """One proposal with its evidence, and the forms to decide it."""
    return _answer(proposal_id, "", "", 200)


@routes.post(f"/proposals/<{ID}:proposal_id>/<any(approve, reject):what>")
@require("approver")
def decide(proposal_id: int, what: str) -> ResponseReturnValue:
    """Approve or reject it, with a reason."""
    site, why, person = this_site(), reason(), this_person()
    try:
        with site.engine.begin() as connection:
            if what == "approve":
                approve_proposal(
                    connection,
                    proposal_id,
                    actor=person.name,
                    person=person.answerable,
                    why=why,
                    share=site.config.evaluation.rollout.share,
                    despite_judge="despite_judge" in request.form,
                    rules=approval_rules(site.config),
                    watched=watched_of(site.config),
                )
            else:
                reject_proposal(connection, proposal_id, actor=person.name, why=why)
            done = load_proposal(connection, proposal_id)
    except ConflictError as problem:
        return _answer(proposal_id, sentence(problem), why, 409)
    except UsageError as problem:
        return _answer(proposal_id, sentence(problem), why, 400)
    if done is not None and done.state == "open":
        flash("Your approval is kept. It is one of two: another person has to approve as well.")
    else:
        flash(f"Proposal {proposal_id} is {'approved' if what == 'approve' else 'rejected'}.")
    return redirect(url_for("proposal.show", proposal_id=proposal_id))


@routes.post(f"/proposals/<{ID}:proposal_id>/router/<any(applied, undone):what>")
@require("approver")
def settle(proposal_id: int, what: str) -> ResponseReturnValue:
    """Say that the router that is watched runs with its change, or with what was before it."""
    move = apply_change if what == "applied" else undo_change
    try:
        with this_site().engine.begin() as connection:
            version = move(connection, proposal_id, actor=this_person().name)
    except ConflictError as problem:
        return _answer(proposal_id, sentence(problem), "", 409)
    flash(f"The change is {what}. Policy {version} stands for what the router runs with.")
    return redirect(url_for("proposal.show", proposal_id=proposal_id))


def proposal_page(
    connection: Connection,
    proposal_id: int,
    config: Config,
    *,
    reader: str | None = None,
    problem: str = "",
    why: str = "",
) -> ProposalPage | None:
    """Fill a proposal's page; None when there is no such proposal."""
    found = load_proposal(connection, proposal_id)
    if found is None:
        return None
    evidence, predicted = found.evidence, found.predicted
    rules = approval_rules(config)
    approvals = approvals_of(connection, [proposal_id]).get(proposal_id, ())
    active = in_force(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    doubt = distrust(connection)
    router = router_change(connection, found, watched_of(config))
    return ProposalPage(
        proposal=found,
        words=with_router(
            proposal_words(
                found,
                tiers=tuple(tier.name for tier in config.tiers),
                rules=rollout_rules(config),
                distrust=doubt,
            ),
            router,
        ),
        moving=moving_of(connection, found),
        router=router,
        predicted=None if isinstance(predicted, Unreadable) else prediction_figures(predicted),
        evidence=None
        if isinstance(evidence, Unreadable | ReplacementEvidence)
        else proposal_figures(found, evidence),
        risk=()
        if isinstance(evidence, Unreadable | ReplacementEvidence)
        else risk_charts(found, evidence, trusted=not doubt),
        replacement=replacement_figures(evidence)
        if isinstance(evidence, ReplacementEvidence)
        else None,
        unreadable=tuple(
            one.reason for one in (evidence, predicted) if isinstance(one, Unreadable)
        ),
        active_version=None if stable is None else stable.version,
        outdated="" if stable is None else why_outdated(found, stable),
        rollout_share=config.evaluation.rollout.share,
        approvals=approvals,
        needed=rules.needed(found),
        may_not=why_not(found, approvals, reader) if rules.are_two(found) else "",
        history=tuple(audit_lines(connection, subject=f"proposal/{proposal_id}")),
        problem=problem,
        why=why,
    )


def _answer(proposal_id: int, problem: str, why: str, status: int) -> ResponseReturnValue:
    site = this_site()
    with site.engine.connect() as connection:
        page = proposal_page(
            connection,
            proposal_id,
            site.config,
            reader=this_person().answerable,
            problem=problem,
            why=why,
        )
    if page is None:
        abort(404)
    return render(page), status

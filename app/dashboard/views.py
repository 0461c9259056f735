"""The pages. Each view reads one page's dataclass and hands it to its template."""

import uuid
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tierwatch.dashboard import pages
from tierwatch.dashboard.access import require
from tierwatch.dashboard.overview import overview_page
from tierwatch.dashboard.passages import conversation_text, message_text
from tierwatch.dashboard.site import stored_text, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal, roll_back_to
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.store.pages.pairs import DIRECTIONS, PREFERENCES, STAGES, PairFilter
from tierwatch.store.pages.pairs import pair as load_pair

views = Blueprint("views", __name__)

# The largest id a bigint column can hold; a larger one in an address is no page, not an error.
ID = f"int(max={2**63 - 1})"


@views.get("/")
def overview() -> str:
    """The state of the router."""
    site = this_site()
    with site.engine.connect() as connection:
        page = overview_page(connection, site.config, gateway_url=site.gateway_url)
    return render_template("overview.html", page=page)


@views.get("/alerts")
def alerts() -> str:
    """Alerts, newest first."""
    with this_site().engine.connect() as connection:
        page = pages.alerts_page(connection, before_number())
    return render_template("alerts.html", page=page)


@views.get(f"/alerts/<{ID}:alert_id>")
def alert(alert_id: int) -> ResponseReturnValue:
    """One alert with its evidence."""
    return _alert(alert_id, "", 200)


@views.post(f"/alerts/<{ID}:alert_id>/acknowledge")
@require("reviewer")
def acknowledge(alert_id: int) -> ResponseReturnValue:
    """Say that somebody looks at it."""
    return _move_alert(alert_id, acknowledge_alert, "acknowledged")


@views.post(f"/alerts/<{ID}:alert_id>/resolve")
@require("reviewer")
def resolve(alert_id: int) -> ResponseReturnValue:
    """Close it."""
    return _move_alert(alert_id, resolve_alert, "resolved")


@views.get("/proposals")
def proposals() -> str:
    """Proposals, newest first."""
    with this_site().engine.connect() as connection:
        page = pages.proposals_page(connection, before_number())
    return render_template("proposals.html", page=page)


@views.get(f"/proposals/<{ID}:proposal_id>")
def proposal(proposal_id: int) -> ResponseReturnValue:
    """One proposal with its evidence, and the forms to decide it."""
    return _proposal(proposal_id, "", "", 200)


@views.post(f"/proposals/<{ID}:proposal_id>/<any(approve, reject):what>")
@require("approver")
def decide(proposal_id: int, what: str) -> ResponseReturnValue:
    """Approve or reject it, with a reason."""
    site, why, actor = this_site(), _why(), this_person().name
    try:
        with site.engine.begin() as connection:
            if what == "approve":
                share = site.config.evaluation.rollout.share
                approve_proposal(connection, proposal_id, actor=actor, why=why, share=share)
            else:
                reject_proposal(connection, proposal_id, actor=actor, why=why)
    except ConflictError as problem:
        return _proposal(proposal_id, sentence(problem), why, 409)
    except UsageError as problem:
        return _proposal(proposal_id, sentence(problem), why, 400)
    flash(f"Proposal {proposal_id} is {'approved' if what == 'approve' else 'rejected'}.")
    return redirect(url_for("views.proposal", proposal_id=proposal_id))


@views.get("/pairs")
def pairs() -> str:
    """Pairs by tier, direction, verdict and stage, newest first."""
    site = this_site()
    wanted = PairFilter(
        tier=choice("tier", site.config.serving),
        direction=choice("direction", DIRECTIONS),
        preferred=choice("verdict", PREFERENCES),
        stage=choice("stage", STAGES),
    )
    with site.engine.connect() as connection:
        page = pages.pairs_page(connection, site.config, wanted, before_id())
    return render_template("pairs.html", page=page)


@views.get("/review")
def review() -> str:
    """Pairs a person should look at: unscored, or decided by the order of the answers."""
    site = this_site()
    with site.engine.connect() as connection:
        wanted = PairFilter(for_review=True)
        page = pages.pairs_page(connection, site.config, wanted, before_id())
    return render_template("review.html", page=page)


@views.get("/pairs/<uuid:pair_id>")
def pair(pair_id: uuid.UUID) -> str:
    """One pair: both answers side by side and what the judge said."""
    with this_site().engine.connect() as connection:
        page = pages.pair_page(connection, pair_id)
    if page is None:
        abort(404)
    return render_template("pair.html", page=page)


@views.get("/pairs/<uuid:pair_id>/text/<any(request, served, alternative):which>")
def pair_text(pair_id: uuid.UUID, which: str) -> Response:
    """The whole of one text, as plain text."""
    with this_site().engine.connect() as connection:
        found = load_pair(connection, pair_id)
    if found is None:
        abort(404)
    texts: dict[str, dict[str, Any] | None] = {
        "request": found.request,
        "served": found.answer,
        "alternative": found.alternative,
    }
    stored = texts[which]
    if stored is None:
        abort(404)
    whole = conversation_text(stored) if which == "request" else message_text(stored)
    return Response(whole, content_type="text/plain; charset=utf-8")


@views.get("/policies")
def policies() -> ResponseReturnValue:
    """Versions of the thresholds."""
    return _policies("", 200)


@views.post(f"/policies/<{ID}:version>/rollback")
@require("approver")
def rollback(version: int) -> ResponseReturnValue:
    """Put an earlier version's thresholds in force, with a reason."""
    try:
        with this_site().engine.begin() as connection:
            new = roll_back_to(connection, version, actor=this_person().name, why=_why())
    except ConflictError as problem:
        return _policies(sentence(problem), 409)
    except UsageError as problem:
        return _policies(sentence(problem), 400)
    flash(f"Policy {new} is in force, with the thresholds of policy {version}.")
    return redirect(url_for("views.policies"))


@views.get("/audit")
def audit() -> str:
    """Who did what."""
    with this_site().engine.connect() as connection:
        page = pages.audit_page(connection, before_number())
    return render_template("audit.html", page=page)


@views.get("/judge")
def judge() -> str:
    """What the judge did."""
    site = this_site()
    with site.engine.connect() as connection:
        page = pages.judge_page(connection, site.config)
    return render_template("judge.html", page=page)


def before_number() -> int | None:
    """The id to page on from, from the query; None on the first page.

    Raises:
        BadRequest: it is not an id.
    """
    given = request.args.get("before")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or int(given[:20]) >= 2**63:
        abort(400, "before: accepted is the id of the last line of the page before")
    return int(given)


def before_id() -> uuid.UUID | None:
    """The pair's id to page on from, from the query; None on the first page.

    Raises:
        BadRequest: it is not an id.
    """
    given = request.args.get("before")
    try:
        return None if given is None else uuid.UUID(given)
    except ValueError:
        abort(400, "before: accepted is the id of the last pair of the page before")


def sentence(problem: Exception) -> str:
    """An error's message as a sentence on a page.

    >>> sentence(ValueError("a reason is required"))
    'A reason is required.'
    """
    said = str(problem).strip().rstrip(".")
    return said[:1].upper() + said[1:] + "."


def _move_alert(alert_id: int, move: Any, word: str) -> ResponseReturnValue:
    try:
        with this_site().engine.begin() as connection:
            move(connection, alert_id, actor=this_person().name)
    except ConflictError as problem:
        return _alert(alert_id, sentence(problem), 409)
    flash(f"Alert {alert_id} is {word}.")
    return redirect(url_for("views.alert", alert_id=alert_id))


def _alert(alert_id: int, problem: str, status: int) -> ResponseReturnValue:
    with this_site().engine.connect() as connection:
        page = pages.alert_page(connection, alert_id, problem=problem)
    if page is None:
        abort(404)
    return render_template("alert.html", page=page), status


def _proposal(proposal_id: int, problem: str, why: str, status: int) -> ResponseReturnValue:
    site = this_site()
    with site.engine.connect() as connection:
        page = pages.proposal_page(connection, proposal_id, site.config, problem=problem, why=why)
    if page is None:
        abort(404)
    return render_template("proposal.html", page=page), status


def _policies(problem: str, status: int) -> ResponseReturnValue:
    site = this_site()
    with site.engine.connect() as connection:
        page = pages.policies_page(connection, site.config, before_number(), problem=problem)
    return render_template("policies.html", page=page), status


def _why() -> str:
    return stored_text(request.form.get("why", ""))[:2_000]


def choice(name: str, accepted: tuple[str, ...]) -> str | None:
    """One of the accepted words, from the query; None when it is not given.

    Raises:
        BadRequest: another word.
    """
    given = request.args.get(name) or None
    if given is not None and given not in accepted:
        abort(400, f"{name}: accepted are {', '.join(accepted)}")
    return given

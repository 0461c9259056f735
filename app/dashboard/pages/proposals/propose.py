"""The form by which a person proposes a threshold."""

import math
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import reason, sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import stored_text, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.improve.by_hand.propose_threshold import NamedThreshold, propose_threshold
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.runtime.rules import approval_rules, named_threshold_rules
from tierwatch.store.learned.type_versions import active_names
from tierwatch.store.policies import active_policies

routes = Blueprint("propose", __name__)

# More digits than a threshold has are no threshold, and are shown as they were typed.
_LONGEST_NUMBER = 20
# As a tier or a task type may be called.
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the form, kept where it was refused."""

    tier: str = ""
    task_type: str = ALL_TASKS
    threshold: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ProposePage:
    """The form, with what thresholds are active.

    Attributes:
        thresholds: active, by tier.
        types: task types that may have one of their own, ``all`` first.
        step: how far a search goes from the active one.
        another: whether another person has to approve it.
        typed: what was typed.
        problem: why it was refused.
    """

    template: ClassVar[str] = "propose.html"

    thresholds: dict[str, float]
    types: tuple[str, ...]
    step: float
    another: bool
    typed: Typed
    problem: str


@routes.get("/proposals/new")
@require("approver")
def show() -> ResponseReturnValue:
    """The form, empty or with the tier that the address names."""
    return _answer(Typed(tier=_word(request.args.get("tier", ""))), "", 200)


@routes.post("/proposals/new")
@require("approver")
def propose() -> ResponseReturnValue:
    """Propose what was typed."""
    typed = Typed(
        tier=_word(request.form.get("tier", "")),
        task_type=_word(request.form.get("task_type", "")) or ALL_TASKS,
        threshold=request.form.get("threshold", "")[:_LONGEST_NUMBER].strip(),
        why=reason(),
    )
    try:
        with this_site().engine.begin() as connection:
            made = propose_threshold(
                connection,
                NamedThreshold(typed.tier, _number(typed.threshold), typed.task_type),
                rules=named_threshold_rules(this_site().config),
                approvals=approval_rules(this_site().config),
                actor=this_person().name,
                person=this_person().answerable,
                why=typed.why,
            )
    except ConflictError as problem:
        return _answer(typed, sentence(problem), 409)
    except UsageError as problem:
        return _answer(typed, sentence(problem), 400)
    flash(f"Proposal {made} is made. This is its evidence.")
    return redirect(url_for("proposal.show", proposal_id=made))


def propose_page(connection: Connection, typed: Typed, problem: str) -> ProposePage:
    """Fill the form's page."""
    asked, active = this_site().config.evaluation, active_policies(connection)
    alone = asked.objective is None
    return ProposePage(
        thresholds={} if active is None else dict(active.stable.thresholds),
        types=(ALL_TASKS, *(active_names(connection) if alone else ())),
        step=asked.retune.step,
        another=asked.retune.own_proposals == "another",
        typed=typed,
        problem=problem,
    )


def _number(words: str) -> float:
    """The threshold that was typed; a comma is a point.

    Raises:
        UsageError: no number.
    """
    try:
        value = float(words.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"threshold: found {words!r}; accepted: 0 to 1 with two decimals")
    return value


def _word(given: str) -> str:
    return stored_text(given)[:_LONGEST_NAME]


def _answer(typed: Typed, problem: str, status: int) -> ResponseReturnValue:
    with this_site().engine.connect() as connection:
        page = propose_page(connection, typed, problem)
    return render(page), status

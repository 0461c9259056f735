"""One rollout: its share, both arms, its monitor, and the forms to promote or abort it."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, reason, sentence
from tierwatch.dashboard.charts.chart import Chart
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.proposals.decision_charts import monitor_chart
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.loop.decide.rollout_by_hand import abort_rollout, promote_rollout
from tierwatch.loop.report.rollout_standing import Arm, RolloutStanding, rollout_standing
from tierwatch.runtime.rules import rollout_rules
from tierwatch.store.pages.lists import AuditLine, audit_lines

routes = Blueprint("rollout", __name__)


@dataclass(frozen=True, slots=True)
class ArmLine:
    """One arm of a rollout; ``misroute`` is of the tier whose threshold or model changes."""

    name: str
    requests: int
    cost_usd: float
    pairs: int
    misroute: Figure

    @property
    def usd_per_thousand(self) -> float | None:
        """What a thousand requests cost; None of none."""
        return 1_000 * self.cost_usd / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class RolloutPage:
    """A rollout and what is needed to end it.

    Attributes:
        standing: how it stands.
        proposal: what is rolled out.
        arms: the candidate's and the others'.
        monitor: the evidence against it after each of its pairs; None before there are two.
        predicted: misroute rate that the proposal predicted; None when it cannot be shown.
        ended_why: why it ended; empty while it runs.
        history: what was done to the policy.
        problem: why the last action was refused.
        why: the reason that was given then.
    """

    template: ClassVar[str] = "rollout.html"

    standing: RolloutStanding
    proposal: ProposalLine
    arms: tuple[ArmLine, ...]
    monitor: Chart | None
    predicted: Figure | None
    ended_why: str
    history: tuple[AuditLine, ...]
    problem: str
    why: str


@routes.get(f"/rollouts/<{ID}:version>")
def show(version: int) -> ResponseReturnValue:
    """One rollout."""
    return _answer(version, "", "", 200)


@routes.post(f"/rollouts/<{ID}:version>/<any(promote, abort):what>")
@require("approver")
def end(version: int, what: str) -> ResponseReturnValue:
    """Make its policy everybody's, or take it back, with a reason."""
    why = reason()
    move = promote_rollout if what == "promote" else abort_rollout
    try:
        with this_site().engine.begin() as connection:
            move(connection, version, actor=this_person().name, why=why)
    except ConflictError as problem:
        return _answer(version, sentence(problem), why, 409)
    except UsageError as problem:
        return _answer(version, sentence(problem), why, 400)
    done = "everybody's now" if what == "promote" else "taken back"
    flash(f"Policy {version} is {done}. Gateways follow within 5 seconds.")
    return redirect(url_for("rollout.show", version=version))


def rollout_page(
    connection: Connection, version: int, config: Config, *, problem: str = "", why: str = ""
) -> RolloutPage | None:
    """Fill a rollout's page; None for a policy that was never rolled out."""
    found = rollout_standing(connection, version, rollout_rules(config), this_moment())
    if found is None:
        return None
    predicted = found.proposal.predicted
    return RolloutPage(
        standing=found,
        proposal=proposal_line(found.proposal),
        arms=(
            arm_line(f"Policy {version}", found.candidate),
            arm_line("Other policies meanwhile", found.other),
        ),
        monitor=monitor_chart(found),
        predicted=None if isinstance(predicted, Unreadable) else figure(predicted.misroute),
        ended_why=found.proposal.ended_why or "",
        history=tuple(audit_lines(connection, subject=f"policy/{version}")),
        problem=problem,
        why=why,
    )


def arm_line(name: str, arm: Arm) -> ArmLine:
    """An arm on the page."""
    return ArmLine(
        name, arm.traffic.requests, arm.traffic.cost_usd, arm.pairs, figure(arm.misroute)
    )


def _answer(version: int, problem: str, why: str, status: int) -> ResponseReturnValue:
    site = this_site()
    with site.engine.connect() as connection:
        page = rollout_page(connection, version, site.config, problem=problem, why=why)
    if page is None:
        abort(404)
    return render(page), status

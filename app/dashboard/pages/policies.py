"""The versions of the thresholds, and the way back to an earlier one."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, before_number, reason, sentence
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.reports.measured_policies import measured_policies
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.foreign.hand_over import require_ours
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.loop.report.policy_effects import PolicyEffect, TierEffect
from tierwatch.store.pages.lists import InForce, PolicyLine, in_force
from tierwatch.store.sums.windows import Stretch

routes = Blueprint("policies", __name__)


@dataclass(frozen=True, slots=True)
class EffectLine:
    """A tier that a policy changes: its misroute rate on either side, and what was promised."""

    tier: str
    before: Figure
    after: Figure
    promised: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What was measured on either side of a change of policy.

    ``foreseen`` is the predicted change of what the traffic of its proposal's boundary costs.
    """

    before: Stretch
    after: Stretch
    tiers: tuple[EffectLine, ...]
    saving_before: float | None
    saving_after: float | None
    foreseen: Figure | None


@dataclass(frozen=True, slots=True)
class PoliciesPage:
    """Versions of the thresholds, and which is active.

    Attributes:
        policies: newest first.
        changes: what each does otherwise than the one that it was made from, by version.
        proposals: the proposal that a version came from, by version.
        effects: what was measured once each was everybody's, by version.
        tiers: below the top one.
        active: None before there is one.
        before: leads to older ones.
        problem: why the last action was refused.
    """

    template: ClassVar[str] = "policies.html"

    policies: tuple[PolicyLine, ...]
    changes: dict[int, tuple[str, ...]]
    proposals: dict[int, int]
    effects: dict[int, Effect]
    tiers: tuple[str, ...]
    active: InForce | None
    before: int | None
    problem: str


@routes.get("/policies")
def show() -> ResponseReturnValue:
    """Versions of the thresholds."""
    return _answer("", 200)


@routes.post(f"/policies/<{ID}:version>/rollback")
@require("approver")
def rollback(version: int) -> ResponseReturnValue:
    """Make an earlier version's thresholds active again, with a reason."""
    try:
        with this_site().engine.begin() as connection:
            require_ours(this_site().config.foreign)
            new = roll_back_to(connection, version, actor=this_person().name, why=reason())
    except ConflictError as problem:
        return _answer(sentence(problem), 409)
    except UsageError as problem:
        return _answer(sentence(problem), 400)
    flash(f"Policy {new} is active, with the thresholds of policy {version}.")
    return redirect(url_for("policies.show"))


def policies_page(
    connection: Connection,
    config: Config,
    before: int | None,
    now: dt.datetime,
    *,
    problem: str = "",
) -> PoliciesPage:
    """Fill a page of policy versions."""
    found = measured_policies(connection, config, before, now)
    return PoliciesPage(
        policies=found.lines,
        changes=found.changes,
        proposals={version: one.id for version, one in found.proposals.items()},
        effects={
            version: effect_of(one, config.evaluation.min_pairs)
            for version, one in found.effects.items()
        },
        tiers=tuple(tier.name for tier in config.tiers[:-1]),
        active=in_force(connection),
        before=found.before,
        problem=problem,
    )


def effect_of(found: PolicyEffect, min_pairs: int) -> Effect:
    """An effect on the page; a rate of fewer pairs than ``min_pairs`` is not shown."""
    return Effect(
        before=found.before,
        after=found.after,
        tiers=tuple(_line(one, min_pairs) for one in found.tiers),
        saving_before=found.served_before.saving,
        saving_after=found.served_after.saving,
        foreseen=None if found.foreseen is None else figure(found.foreseen),
    )


def _line(one: TierEffect, min_pairs: int) -> EffectLine:
    return EffectLine(
        one.tier,
        figure(one.before, needed=min_pairs),
        figure(one.after, needed=min_pairs),
        one.promised,
    )


def _answer(problem: str, status: int) -> ResponseReturnValue:
    site = this_site()
    with site.engine.connect() as connection:
        page = policies_page(
            connection, site.config, before_number(), this_moment(), problem=problem
        )
    return render(page), status

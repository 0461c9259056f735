"""The versions of the thresholds, and the way back to an earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, before_number, reason, sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.reports.policy_changes import policy_changes
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.store.pages.lists import (
    PAGE,
    InForce,
    PolicyLine,
    in_force,
    policies,
    policies_at,
    rolled_out_as,
)

routes = Blueprint("policies", __name__)


@dataclass(frozen=True, slots=True)
class PoliciesPage:
    """Versions of the thresholds, and which is active.

    Attributes:
        policies: newest first.
        changes: what each does otherwise than the one that it was made from, by version.
        proposals: the proposal that a version came from, by version.
        tiers: below the top one.
        active: None before there is one.
        before: leads to older ones.
        problem: why the last action was refused.
    """

    template: ClassVar[str] = "policies.html"

    policies: tuple[PolicyLine, ...]
    changes: dict[int, tuple[str, ...]]
    proposals: dict[int, int]
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
            new = roll_back_to(connection, version, actor=this_person().name, why=reason())
    except ConflictError as problem:
        return _answer(sentence(problem), 409)
    except UsageError as problem:
        return _answer(sentence(problem), 400)
    flash(f"Policy {new} is active, with the thresholds of policy {version}.")
    return redirect(url_for("policies.show"))


def policies_page(
    connection: Connection, config: Config, before: int | None, *, problem: str = ""
) -> PoliciesPage:
    """Fill a page of policy versions."""
    found = tuple(policies(connection, before=before))
    versions = [line.version for line in found]
    return PoliciesPage(
        policies=found,
        changes=_changes(connection, found),
        proposals=rolled_out_as(connection, versions),
        tiers=tuple(tier.name for tier in config.tiers[:-1]),
        active=in_force(connection),
        before=found[-1].version if len(found) == PAGE else None,
        problem=problem,
    )


def _changes(connection: Connection, shown: Sequence[PolicyLine]) -> dict[int, tuple[str, ...]]:
    """What each policy changes; the first one changes nothing.

    Where it was not written down what a policy was made from, it is the version before.
    """
    base = {
        line.version: line.version - 1 if line.base_version is None else line.base_version
        for line in shown
    }
    known = {line.version: line for line in shown}
    known |= policies_at(connection, set(base.values()) - known.keys())
    return {
        line.version: policy_changes(line, known[base[line.version]])
        for line in shown
        if base[line.version] in known
    }


def _answer(problem: str, status: int) -> ResponseReturnValue:
    site = this_site()
    with site.engine.connect() as connection:
        page = policies_page(connection, site.config, before_number(), problem=problem)
    return render(page), status

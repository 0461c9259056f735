"""Policy versions: read, and go back to one."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Reason, Route, reason, there
from tierwatch.dashboard.arguments import ID, before_number
from tierwatch.dashboard.site import this_person
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.store.pages.lists import PAGE, InForce, PolicyLine, in_force, policies, policy


@dataclass(frozen=True, slots=True)
class Policies:
    """Policy versions, newest first, and which is active."""

    policies: list[PolicyLine]
    in_force: InForce | None
    before: int | None


def _policies(connection: Connection) -> Policies:
    found = policies(connection, before=before_number())
    older = found[-1].version if len(found) == PAGE else None
    return Policies(found, in_force(connection), older)


def _policy(connection: Connection, version: int) -> PolicyLine:
    return there(policy(connection, version))


def _rollback(connection: Connection, version: int) -> PolicyLine:
    _policy(connection, version)
    new = roll_back_to(connection, version, actor=this_person().name, why=reason())
    return _policy(connection, new)


ROUTES = (
    Route("GET", "/policies", "Policy versions, newest first.", Policies, _policies, query=BEFORE),
    Route("GET", f"/policies/<{ID}:version>", "One policy version.", PolicyLine, _policy),
    Route(
        "POST",
        f"/policies/<{ID}:version>/rollback",
        "Make an earlier version's thresholds active again, as a new version.",
        PolicyLine,
        _rollback,
        role="approver",
        body=Reason,
    ),
)

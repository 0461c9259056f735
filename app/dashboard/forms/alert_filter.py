"""The filter of the list of alerts, from the query: what is accepted, a sentence on the rest."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flask import request

from tierwatch.dashboard.site import stored_text
from tierwatch.dashboard.time_range import EVER, TimeRange, range_of_list
from tierwatch.store.incidents.listed import KINDS, NOBODY, STATES, AlertFilter

NAMES: Final = ("state", "kind", "tier", "assignee", "from", "to", "sort")
SORTS: Final = ("newest", "affected")
MINE: Final = "mine"
_NOBODY: Final = "nobody"
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class AskedAlerts:
    """Which alerts the query asks for, and in which order.

    Attributes:
        wanted: the conditions that were understood.
        by_affected: the most affected first; else the newest.
        before: id of the last alert of the page before.
        given: parameters as they were given, without empty ones, to be shown and linked to.
        problems: what was not accepted, a sentence each; it is left out of the filter.
        range: in which they opened; says itself what was not accepted of it.
    """

    wanted: AlertFilter = field(default_factory=AlertFilter)
    by_affected: bool = False
    before: int | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    range: TimeRange = EVER

    @property
    def every_problem(self) -> tuple[str, ...]:
        """What was not accepted, of the range too."""
        return (*self.problems, *((self.range.problem,) if self.range.problem else ()))


def asked_alerts(*, me: str, now: dt.datetime) -> AskedAlerts:
    """What the query of the present request asks for.

    Args:
        me: whose alerts ``assignee=mine`` are.
        now: what times before now are counted from.
    """
    given = {
        name: value for name in NAMES if (value := stored_text(request.args.get(name, "")).strip())
    }
    problems: list[str] = []

    def one_of(name: str, accepted: tuple[str, ...]) -> str:
        value = given.get(name, "")
        if value in ("", "all", *accepted):
            return "" if value == "all" else value
        problems.append(f"{name}: found {value[:_LONGEST]!r}; accepted: {', '.join(accepted)}")
        return ""

    state, kind = one_of("state", STATES), one_of("kind", KINDS)
    sort = one_of("sort", SORTS)
    asked = range_of_list(request.args, now)
    assignee = given.get("assignee", "")[:_LONGEST]
    wanted = AlertFilter(
        state=state,
        kind=kind,
        tier=given.get("tier", "")[:_LONGEST],
        assigned_to={MINE: me, _NOBODY: NOBODY}.get(assignee, assignee),
        since=asked.first,
        until=asked.end_before,
    )
    before = _before(problems)
    return AskedAlerts(wanted, sort == "affected", before, given, tuple(problems), asked)


def _before(problems: list[str]) -> int | None:
    given = request.args.get("before")
    if given is None:
        return None
    if given.isascii() and given.isdigit() and int(given[:20]) < 2**63:
        return int(given)
    problems.append("before: accepted is the id of the last line of the previous page")
    return None

"""What stands around every page, and how a page is put into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from flask import g, render_template, request
from sqlalchemy import Connection

from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import carried_range
from tierwatch.loop.compare.trust import distrust_by
from tierwatch.store.drains import DRAINS, Drain
from tierwatch.store.judgements.monitors import SHOWN_TRUST
from tierwatch.store.pages.overview import WAITING, Waiting
from tierwatch.store.people.roles import Person
from tierwatch.store.reading.one_row import Parts, read_parts

# Pages of figures of a time: from one to the next the range goes along. The lists of alerts and
# pairs are not among them: an alert of yesterday must not be hidden by an hour of the overview.
_OF_A_TIME: Final = frozenset({"", "judge", "types", "sources", "costs"})


@dataclass(frozen=True, slots=True)
class Frame:
    """Who is logged in, how much waits for a person, and why no rate is to be believed, if so.

    ``drains`` are the tiers that are sent up by hand. ``carried`` is the range that links to pages
    of figures carry.
    """

    person: Person | None
    alerts: int
    proposals: int
    section: str
    distrust: str = ""
    drains: tuple[Drain, ...] = ()
    carried: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around every page for those who are logged in; as in `Frame`."""

    waiting: Waiting = field(default_factory=Waiting)
    distrust: str = ""
    drains: tuple[Drain, ...] = ()


AROUND: Final = (WAITING, SHOWN_TRUST, DRAINS)


def surroundings(connection: Connection) -> Surroundings:
    """Read them."""
    return surroundings_of(read_parts(connection, *AROUND))


def surroundings_of(found: Parts) -> Surroundings:
    """What `AROUND` is, for a page that reads it with its own; it calls `put_around` with it."""
    return Surroundings(found[WAITING], distrust_by(found[SHOWN_TRUST]), tuple(found[DRAINS]))


def put_around(found: Surroundings) -> None:
    """Put these around the page of the present request, in place of reading them again."""
    g.surroundings = found


class Page(Protocol):
    """A page's dataclass: what it shows, and the template that shows it."""

    template: ClassVar[str]


def render(page: Page) -> str:
    """The page as HTML; its template receives it as ``page``, and ``frame``, and nothing else."""
    return render_template(page.template, page=page)


def frame() -> dict[str, Any]:
    """What every template receives beside its page."""
    person: Person | None = g.get("person")
    around: Surroundings | None = g.get("surroundings")
    if around is None:
        around = Surroundings()
        if person is not None and not g.get("database_away", False):
            with this_site().engine.connect() as connection:
                around = surroundings(connection)
    section = request.path.split("/", 2)[1]
    waiting = around.waiting
    carried = carried_range(this_moment()) if section in _OF_A_TIME else {}
    shown = Frame(
        person, waiting.alerts, waiting.proposals, section, around.distrust, around.drains, carried
    )
    return {"frame": shown}

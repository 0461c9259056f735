"""Tables cut by month on the milliseconds that lead an exchange's id: cut ahead, dropped whole."""

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.store.traffic.exchanges import first_id, month_bounds

TEXT_TABLES = ("exchange_texts", "alternative_texts")
# Without a part for the rest: with one, no month could be added without a look through it.
FIGURE_TABLES = ("exchanges", "verdicts", "outcomes")

MONTHS_AHEAD = 2

_NAME = re.compile(r"_(?P<until>until_)?y(?P<year>\d{4})m(?P<month>\d{2})$")


@dataclass(frozen=True, slots=True)
class Part:
    """One partition of a table.

    Attributes:
        name: of the table that it is.
        end: the first day that it does not take.
        first: whether it takes everything before that day, not a month.
    """

    name: str
    end: dt.date
    first: bool


def parts(connection: Connection, table: str) -> list[Part]:
    """The parts of a table that end with a month, oldest first."""
    names = connection.execute(
        text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = to_regclass(:table)"
        ),
        {"table": table},
    ).scalars()
    found = []
    for name in names:
        if match := _NAME.search(name):
            month = dt.date(int(match["year"]), int(match["month"]), 1)
            is_first = match["until"] is not None
            found.append(Part(name, month if is_first else following(month), first=is_first))
    return sorted(found, key=lambda part: part.end)


def following(month: dt.date) -> dt.date:
    """The first day of the month after."""
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def covered_until(connection: Connection) -> dict[str, dt.date | None]:
    """By table of figures, the first day whose rows it would refuse; None where nothing is cut."""
    ends: dict[str, dt.date | None] = {}
    for table in FIGURE_TABLES:
        cut = parts(connection, table)
        ends[table] = cut[-1].end if cut else None
    return ends


def add_months(connection: Connection, table: str, today: dt.date) -> list[str]:
    """Make a table of figures take rows of this month and the next ones.

    Attached, not created as a part: that lets readers and writers go on.
    """
    made = []
    month = parts(connection, table)[-1].end
    while month <= _months_later(today, MONTHS_AHEAD):
        low, high = month_bounds(month)
        name = f"{table}_{month_name(month)}"
        add_part(connection, name, str(low), str(high))
        made.append(name)
        month = following(month)
    return made


def drop_months(connection: Connection, table: str, end: dt.date) -> list[str]:
    """Drop what ended by ``end``, and leave an empty part in its place.

    A row that is older than that may still come (a spool that was found again); it goes with
    the next month.
    """
    old = [part.name for part in parts(connection, table) if part.end <= end]
    for name in old:
        drop_part(connection, name)
    if old:
        until = f"{table}_until_{month_name(end)}"
        add_part(connection, until, "minvalue", str(first_id(_midnight(end))))
    return old


def add_part(connection: Connection, name: str, low: str, high: str) -> None:
    """Make the part of this name, by a function that runs as the owner of the tables."""
    connection.execute(
        text("select add_part(:name, :low, :high)"), {"name": name, "low": low, "high": high}
    )


def drop_part(connection: Connection, name: str) -> None:
    """Drop the part of this name, by a function that runs as the owner of the tables."""
    connection.execute(text("select drop_part(:name)"), {"name": name})


def month_name(month: dt.date) -> str:
    """How a part of this month ends."""
    return f"y{month:%Y}m{month:%m}"


def _months_later(day: dt.date, months: int) -> dt.date:
    for _ in range(months):
        day = following(day)
    return day.replace(day=1)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)

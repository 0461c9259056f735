"""Text by the month: partitions made ahead, dropped when their time is over."""

import datetime as dt
import re

from sqlalchemy import Connection, text

from tierwatch.store.traffic.exchanges import month_bounds

_TEXT_TABLES = ("exchange_texts", "alternative_texts")


_PARTITION = re.compile(r"_texts_y(\d{4})m(\d{2})$")


def add_partitions(connection: Connection, today: dt.date, *, months_ahead: int = 2) -> list[str]:
    """Make the partitions of this month and the next ones, where they are missing."""
    made = []
    month = today.replace(day=1)
    for _ in range(months_ahead + 1):
        low, high = month_bounds(month)
        for table in _TEXT_TABLES:
            name = f"{table}_y{month:%Y}m{month:%m}"
            if connection.execute(text("select to_regclass(:name)"), {"name": name}).scalar():
                continue
            stray = connection.execute(
                text(f"select 1 from {table}_rest where id >= :low and id < :high limit 1"),  # noqa: S608 - table names are ours
                {"low": low, "high": high},
            ).scalar()
            if stray:  # rows are in the rest partition already; they age out with it
                continue
            connection.execute(
                text(
                    f"create table {name} partition of {table}"
                    f" for values from ('{low}') to ('{high}')"
                )
            )
            made.append(name)
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return made


def drop_partitions(connection: Connection, oldest: dt.date) -> list[str]:
    """Drop every month of text that ended before ``oldest``."""
    names = connection.execute(
        text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " join pg_class p on p.oid = i.inhparent where p.relname = any(:tables)"
        ),
        {"tables": list(_TEXT_TABLES)},
    ).scalars()
    dropped = []
    for name in list(names):
        match = _PARTITION.search(name)
        if match is None:
            continue
        month = dt.date(int(match[1]), int(match[2]), 1)
        following = (month + dt.timedelta(days=32)).replace(day=1)
        if following <= oldest:
            connection.execute(text(f"drop table {name}"))
            dropped.append(name)
    low, _ = month_bounds(oldest)
    for table in _TEXT_TABLES:
        connection.execute(
            text(f"delete from {table}_rest where id < :low"),  # noqa: S608 - table names are ours
            {"low": low},
        )
    return dropped


def drop_leftovers(connection: Connection) -> None:
    """Remove what only served work that has ended: old claims and flush marks."""
    connection.execute(
        text(
            "delete from claims c using exchanges e where e.id = c.exchange_id"
            " and e.ended_at < now() - interval '1 day'"
        )
    )
    connection.execute(
        text("delete from rollup_flushes where created_at < now() - interval '2 days'")
    )

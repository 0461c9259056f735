"""What leaves the tables, and when: texts first, figures later, leftovers at once.

Every step is a transaction of its own and bounded, so that all of it can run beside everything.
"""

import datetime as dt

from sqlalchemy import Connection, text

from tierwatch.store.schema.declarative import Base
from tierwatch.store.schema.traffic import OutsideCountRow, RollupRow
from tierwatch.store.traffic.exchanges import first_id, month_bounds
from tierwatch.store.traffic.partitions import (
    FIGURE_TABLES,
    MONTHS_AHEAD,
    TEXT_TABLES,
    add_part,
    drop_months,
    drop_part,
    following,
    month_name,
    parts,
)

# Rows a statement deletes; some tenths of a second.
BATCH = 10_000
# Minutes older than this are added up by hour. Nothing that watches looks back as far.
MINUTES_KEPT = dt.timedelta(days=35)


def add_partitions(
    connection: Connection, today: dt.date, *, months_ahead: int = MONTHS_AHEAD
) -> list[str]:
    """Make the text's partitions of this month and the next ones, where they are missing."""
    made = []
    month = today.replace(day=1)
    for _ in range(months_ahead + 1):
        low, high = month_bounds(month)
        for table in TEXT_TABLES:
            name = f"{table}_{month_name(month)}"
            if connection.execute(text("select to_regclass(:name)"), {"name": name}).scalar():
                continue
            stray = connection.execute(
                text(f"select 1 from {table}_rest where id >= :low and id < :high limit 1"),  # noqa: S608 - table names are ours
                {"low": low, "high": high},
            ).scalar()
            if stray:  # rows are in the rest partition already; they age out with it
                continue
            add_part(connection, name, str(low), str(high))
            made.append(name)
        month = following(month)
    return made


def drop_partitions(connection: Connection, oldest: dt.date) -> list[str]:
    """Drop every month of text that ended before ``oldest``."""
    dropped = []
    for table in TEXT_TABLES:
        for part in parts(connection, table):
            if part.end <= oldest:
                drop_part(connection, part.name)
                dropped.append(part.name)
    low, _ = month_bounds(oldest)
    for table in TEXT_TABLES:
        connection.execute(
            text(f"delete from {table}_rest where id < :low"),  # noqa: S608 - table names are ours
            {"low": low},
        )
    return dropped


def figures_end(connection: Connection, oldest: dt.date) -> dt.date | None:
    """The first day that stays when whole months before ``oldest`` go; None when none is there."""
    over = [
        part
        for table in FIGURE_TABLES
        for part in parts(connection, table)
        if part.end <= oldest
        # The part that was left in the place of dropped ones is seldom anything but empty.
        and not (part.first and _is_empty(connection, part.name))
    ]
    return max((part.end for part in over), default=None)


def _is_empty(connection: Connection, table: str) -> bool:
    return connection.execute(text(f"select 1 from {table} limit 1")).scalar() is None  # noqa: S608 - ours


def figures_begin(connection: Connection, oldest: dt.date) -> dt.date:
    """The first day whose exchanges are kept: what is older than ``oldest`` may be there still."""
    gone = (
        part.end
        for part in parts(connection, "exchanges")
        if part.first and part.end <= oldest and _is_empty(connection, part.name)
    )
    return next(gone, dt.date(1970, 1, 1))


def drop_figures(connection: Connection, end: dt.date) -> list[str]:
    """Drop the months of figures before ``end`` and, with them, what is added up beside them.

    One transaction, so that the counts of a report go on adding up, and its rates speak of the same
    time as they do. What is deleted row by row are
    failures, and counts that are an hour's or a day's each; the parts go last, since that keeps
    everybody out.
    """
    connection.execute(text("set local lock_timeout = '2s'"))
    moment = _midnight(end)
    for statement in (
        "delete from failures where exchange_id < :first",
        "delete from rollups where minute < :moment",
        "delete from hour_sums where hour < :moment",
        "delete from outcome_sums where start < :moment",
        "delete from outside_counts where minute < :moment",
        "delete from boundary_counts where day < :day",
    ):
        connection.execute(
            text(statement), {"first": first_id(moment), "moment": moment, "day": end}
        )
    return [name for table in FIGURE_TABLES for name in drop_months(connection, table, end)]


def fold_rollups(connection: Connection, before: dt.datetime) -> bool:
    """Add the minutes of the oldest hour that has several up; False when there is none.

    No sum changes. A month of minutes is 43,200 rows for each tier, type and bin, one of hours 744.
    """
    folded = [_fold_hour(connection, table, before) for table in (RollupRow, OutsideCountRow)]
    return any(folded)


def _fold_hour(connection: Connection, counted: type[Base], before: dt.datetime) -> bool:
    table = counted.__tablename__
    columns = counted.__table__.columns
    keys = ", ".join(one.name for one in columns if one.primary_key and one.name != "minute")
    counts = [one.name for one in columns if not one.primary_key]
    hour = connection.execute(
        text(
            f"select min(date_trunc('hour', minute, 'UTC')) from {table}"  # noqa: S608 - the names are ours
            " where minute < :before and minute <> date_trunc('hour', minute, 'UTC')"
        ),
        {"before": before},
    ).scalar()
    if hour is None:
        return False
    sums = ", ".join(f"sum({name})" for name in counts)
    connection.execute(
        text(
            f"""
            with old as (
                delete from {table} where minute >= :hour and minute < :next returning *
            )
            insert into {table} (minute, {keys}, {", ".join(counts)})
            select :hour, {keys}, {sums} from old group by {keys}
            """  # noqa: S608 - the names are ours
        ),
        {"hour": hour, "next": hour + dt.timedelta(hours=1)},
    )
    return True


# By table, which of its rows nobody asks for any more. ``:first`` is the lowest id of an exchange
# that is kept, ``:moment`` the time from which figures are.
LEFTOVERS = {
    # Whoever holds a claim needs it; who has ended long ago holds none.
    "claims": "until <= now() and not exists (select 1 from exchanges e where e.id = t.exchange_id"
    " and (e.ended_at is null or e.ended_at > now() - interval '1 day'))",
    # A batch is sent again within seconds, or from a spool.
    "rollup_flushes": "created_at < now() - interval '2 days'",
    # What a source sends again it sends within days.
    "seen_calls": "seen_at < now() - interval '14 days'",
    "source_counts": "day < :moment",
    "score_deliveries": "ended_at < now() - case when state = 'failed' then interval '30 days'"
    " else interval '2 days' end",
    # Old log files are no word on what runs.
    "seen_thresholds": "last_seen_at < now() - interval '90 days'",
    # Of exchanges that ended without another answer, which nobody redacts any more.
    "mark_keys": "not exists (select 1 from exchanges e where e.id = t.exchange_id"
    " and e.ended_at is null)",
    "alternatives": "exchange_id < :first",
    "model_trial_pairs": "exchange_id < :first",
    "attempts": "exchange_id < :first",
    "direct_pairs": "exchange_id < :first",
    "labels": "exchange_id < :first",
    "follow_ups": "exchange_id < :first",
    "prompt_sums": "month < :moment",
    # A tier's hours and the days of all types stay as long as their month.
    "outcome_sums": "span = 'hour' and task_type <> '*' and start < now() - interval '35 days'",
    "feedback": "created_at < :moment",
    "lost_costs": "created_at < :moment",
    "monitors": "updated_at < :moment",
    # But for the first run since an alert was resolved, which later ones are compared with.
    "evalset_runs": "ended_at < :moment and exists (select 1 from evalset_runs o"
    " where (o.kind, o.subject, o.model, o.set_version)"
    " = (t.kind, t.subject, t.model, t.set_version)"
    " and o.id < t.id and o.ended_at >= coalesce((select max(a.resolved_at) from alerts a"
    " where a.resolved_at <= t.ended_at), '-infinity'))",
    "anchor_verdicts": "not exists (select 1 from evalset_runs r where r.id = t.run_id)",
    "probe_answers": "not exists (select 1 from evalset_runs r where r.id = t.run_id)",
    # Half a megabyte each; a candidate that lost is never asked again.
    "classifier_artefacts": "created_at < :moment"
    " and not exists (select 1 from classifier_models m where m.artefact_id = t.id)"
    " and not exists (select 1 from learners l where l.candidate_id = t.id)",
}


def delete_leftovers(connection: Connection, table: str, oldest: dt.date) -> int:
    """Delete some rows of a table that nobody asks for any more; returns how many."""
    first = first_id(_midnight(figures_begin(connection, oldest)))
    deleted = connection.execute(
        text(
            f"delete from {table} where ctid = any(array(select ctid from {table} t"  # noqa: S608 - names and conditions are ours
            f" where {LEFTOVERS[table]} limit {BATCH}))"
        ),
        {"first": first, "moment": _midnight(oldest)},
    )
    return deleted.rowcount


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)

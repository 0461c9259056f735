"""Which probes a tier fails that it passed at first, with both replies."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class FailingProbe:
    """A probe that a tier's model passed at first and fails now.

    Attributes:
        id: of the probe, in its set.
        set_version: of the set.
        at_first: reply of the model's first run.
        now: its newest reply.
    """

    id: str
    set_version: str
    at_first: str
    now: str


@dataclass(frozen=True, slots=True)
class FailingProbes:
    """What a tier's probes show.

    Attributes:
        passed_at_first: probes that were passed at first and asked again.
        failing: those of them that fail now, in the order of their ids.
    """

    passed_at_first: int
    failing: tuple[FailingProbe, ...]


def failing_probes(
    connection: Connection, tier: str, *, since: dt.datetime, until: dt.datetime
) -> FailingProbes | None:
    """The newest answers of a time, beside the first run of the same model over the same set.

    Probes are asked a few an hour, so that the newest answer of each may be of another run. None
    where none was asked in this time, or the first run is this one.

    Args:
        connection: to read with.
        tier: that was asked.
        since: runs that began then or later; with those that were going on.
        until: and not after that.
    """
    newest = connection.execute(
        text(
            "select id, model, set_version from evalset_runs where kind = 'probes'"
            " and subject = :tier and started_at <= :until"
            " and coalesce(ended_at, until) >= :since order by id desc limit 1"
        ),
        {"tier": tier, "since": since, "until": until},
    ).one_or_none()
    if newest is None:
        return None
    of = {"tier": tier, "model": newest.model, "set": newest.set_version}
    rows = connection.execute(
        text(
            """
            with runs as (
                select id, started_at, ended_at, until from evalset_runs
                where kind = 'probes' and subject = :tier and model = :model
                  and set_version = :set
            ), began as (
                select min(id) as id from runs where ended_at is not null and started_at > coalesce(
                    (select max(resolved_at) from alerts where kind = 'model_drift'
                     and tier = :tier and resolved_at < :since), '-infinity')
            ), asked as (
                select distinct on (p.probe_id) p.probe_id, p.passed, p.reply
                from probe_answers p join runs r on r.id = p.run_id, began
                where r.id > began.id and r.started_at <= :until
                  and coalesce(r.ended_at, r.until) >= :since and p.passed is not null
                order by p.probe_id, p.run_id desc
            )
            select f.probe_id as id, f.reply as at_first, a.reply as now, a.passed
            from began join probe_answers f on f.run_id = began.id
            join asked a on a.probe_id = f.probe_id where f.passed order by f.probe_id
            """
        ),
        of | {"since": since, "until": until},
    ).all()
    failing = tuple(
        FailingProbe(row.id, newest.set_version, row.at_first, row.now)
        for row in rows
        if not row.passed
    )
    return FailingProbes(len(rows), failing) if rows else None

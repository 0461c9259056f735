"""What changed about the time when a tier became worse: policies, models, judges, task types."""

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, text

from tierwatch.store.traffic.exchanges import first_id

# Long enough for a release in the morning to show at night.
BEFORE: Final = dt.timedelta(hours=24)
# What served before the change is looked for this far back.
_PAST: Final = dt.timedelta(hours=72)
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed.

    Attributes:
        at: when; of a model or a judge its first sampled answer or verdict.
        what: ``policy``, ``model``, ``judge`` or ``types``.
        name: the version, or the model as it is now.
        before: the model or judge until then; empty for the rest.
        by: who did it; empty where nobody says.
        why: in their words; empty where nobody says.
    """

    at: dt.datetime
    what: Literal["policy", "model", "judge", "types"]
    name: str
    before: str = ""
    by: str = ""
    why: str = ""


def changes_near(
    connection: Connection, tier: str, *, began_at: dt.datetime, until: dt.datetime
) -> list[Change]:
    """What changed from 24 hours before a moment to another one, oldest first, at most 20.

    Models are of the tier's sampled answers, so that one of a few requests may be missing.

    Args:
        connection: to read with.
        tier: that became worse; empty for none.
        began_at: when the change began, by estimate.
        until: when its alert opened.
    """
    since = began_at - BEFORE
    found = _decided(connection, since, until)
    if tier:
        found += _answered(connection, tier, since, until)
        found += _judged(connection, tier, since, until)
    return sorted(found, key=lambda change: change.at)[:_MOST]


def _decided(connection: Connection, since: dt.datetime, until: dt.datetime) -> list[Change]:
    rows = connection.execute(
        text(
            """
            select created_at as at, 'policy' as what, version::text as name, author as by,
                   reason as why
            from policies where created_at between :since and :until and version > 1
            union all
            select at, 'types', subject, actor, coalesce(detail ->> 'why', '')
            from audit where at between :since and :until and action in ('types.rebuilt',
                'types.off')
            order by at limit :most
            """
        ),
        {"since": since, "until": until, "most": _MOST},
    )
    return [
        Change(row.at, row.what, row.name.removeprefix("task_types/"), "", row.by, row.why)
        for row in rows
    ]


def _answered(
    connection: Connection, tier: str, since: dt.datetime, until: dt.datetime
) -> list[Change]:
    rows = connection.execute(
        text(
            "select model as name, min(arrived_at) as at, max(arrived_at) as last from exchanges"
            " where id >= :past and id < :end and tier = :tier and direction <> 'top'"
            " group by model"
        ),
        {"past": first_id(since - _PAST), "end": first_id(until), "tier": tier},
    ).all()
    return _newcomers("model", [(row.name, row.at, row.last) for row in rows], since)


def _judged(
    connection: Connection, tier: str, since: dt.datetime, until: dt.datetime
) -> list[Change]:
    rows = connection.execute(
        text(
            "select judge_version as name, min(judged_at) as at, max(judged_at) as last"
            " from (select judge_version, created_at as judged_at from outcomes"
            "       where exchange_id >= :past and exchange_id < :end and tier = :tier) o"
            " group by judge_version"
        ),
        {"past": first_id(since - _PAST), "end": first_id(until), "tier": tier},
    ).all()
    return _newcomers("judge", [(row.name, row.at, row.last) for row in rows], since)


def _newcomers(
    what: Literal["model", "judge"],
    seen: list[tuple[str, dt.datetime, dt.datetime]],
    since: dt.datetime,
) -> list[Change]:
    """Those first seen since a moment, each with the one seen last before it.

    One that nothing was seen before is no change: there may have been no traffic.
    """
    found = []
    for name, first, _ in seen:
        earlier = [(min(last, first), other) for other, began, last in seen if began < first]
        if first >= since and earlier:
            found.append(Change(first, what, name, before=max(earlier)[1]))
    return found

"""What happened that may explain a change: policies, alerts, models, judges."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

# More would be a wall of lines; the newest are kept.
_MOST = 60


@dataclass(frozen=True, slots=True)
class Event:
    """One of them.

    Attributes:
        at: when.
        kind: ``alert``, ``policy``, ``drain``, ``model`` or ``judge``.
        subject: the alert's or the policy's number, or what changed.
        words: in a few words.
    """

    at: dt.datetime
    kind: str
    subject: str
    words: str


_EVENTS = text(
    """
    select * from (
        select opened_at as at, 'alert' as kind, id::text as subject,
               'alert ' || id || ': ' || replace(kind, '_', ' ')
                   || case when segment in ('', 'all') then '' else ' of ' || segment end as words
        from alerts where opened_at >= :since and opened_at < :until
        union all
        select at, 'policy', split_part(subject, '/', 2),
               case action
                   when 'rollout.started' then 'rollout of policy ' || split_part(subject, '/', 2)
                   when 'rollout.completed'
                       then 'policy ' || split_part(subject, '/', 2) || ' active'
                   when 'rollout.rolled_back'
                       then 'rollout of policy ' || split_part(subject, '/', 2) || ' rolled back'
                   when 'model.pinned'
                       then 'earlier model of ' || coalesce(detail->>'tier', 'a tier') || ' pinned'
                   else 'rolled back to policy ' || split_part(subject, '/', 2) end
        from audit
        where action in ('rollout.started', 'rollout.completed', 'rollout.rolled_back',
                         'policy.rolled_back', 'model.pinned')
          and at >= :since and at < :until
        union all
        select began_at, 'drain', id::text, tier || ' sent up by ' || actor
        from drains where began_at >= :since and began_at < :until
        union all
        select at, 'judge', '', case action when 'judge.trusted' then 'judge trusted again'
                                            else 'judge not trusted' end
        from audit where action in ('judge.trusted', 'judge.not_trusted')
                     and at >= :since and at < :until
        union all
        select at, case kind when 'anchors' then 'judge' else 'model' end, subject,
               case kind when 'anchors' then 'judge ' || subject
                         else 'model of ' || subject || ': ' || model end
        from (
            select kind, subject, model, min(started_at) as at,
                   row_number() over (partition by kind, case kind when 'probes' then subject end
                                      order by min(started_at)) as place
            from evalset_runs where kind in ('anchors', 'probes') group by kind, subject, model
        ) first_runs
        where place > 1 and at >= :since and at < :until
    ) found order by at desc limit :most
    """
)


def events(connection: Connection, since: dt.datetime, until: dt.datetime) -> tuple[Event, ...]:
    """The newest events of a stretch of time, oldest first.

    A judge or a tier's model is new with its first run over anchors or probes; what was there first
    is no change.
    """
    rows = connection.execute(_EVENTS, {"since": since, "until": until, "most": _MOST}).all()
    return tuple(Event(*row) for row in reversed(rows))

"""The policy before the active one that decided otherwise at a tier."""

from sqlalchemy import Connection, text


def earlier_policy(connection: Connection, tier: str) -> int | None:
    """The newest version before the active one that served a tier by another rule.

    By another threshold, of a task type too, by another classifier or by another model. One that
    was only tried, and taken back or still being tried, is not among them. None where there is no
    such version.
    """
    found = connection.execute(
        text(
            """
            select p.version from policies p
            join active_policy a on true join policies s on s.version = a.stable_version
            where p.version < s.version and p.thresholds ? :tier
              and (p.thresholds -> :tier <> s.thresholds -> :tier
                   or p.classifier <> s.classifier
                   or p.models -> :tier is distinct from s.models -> :tier
                   or (select jsonb_object_agg(task, own -> :tier)
                       from jsonb_each(p.by_task) t(task, own) where own ? :tier)
                      is distinct from
                      (select jsonb_object_agg(task, own -> :tier)
                       from jsonb_each(s.by_task) t(task, own) where own ? :tier))
              and not exists (select 1 from proposals r where r.candidate_version = p.version
                              and r.state in ('rolled_back', 'rolling_out'))
            order by p.version desc limit 1
            """
        ),
        {"tier": tier},
    ).scalar_one_or_none()
    return None if found is None else int(found)


def earlier_model(connection: Connection, tier: str) -> int | None:
    """The newest version before the active one that served a tier by another model.

    One that was only tried is not among them. None where there is no such version: the model has
    been the same in every policy.
    """
    found = connection.execute(
        text(
            """
            select p.version from policies p
            join active_policy a on true join policies s on s.version = a.stable_version
            where p.version < s.version
              and p.models -> :tier is distinct from s.models -> :tier
              and not exists (select 1 from proposals r where r.candidate_version = p.version
                              and r.state in ('rolled_back', 'rolling_out'))
            order by p.version desc limit 1
            """
        ),
        {"tier": tier},
    ).scalar_one_or_none()
    return None if found is None else int(found)

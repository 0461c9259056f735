"""hour sums: what traffic and its evaluation add up to by the hour, and which hours changed since.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
An hour is added up some hours after it is over. Rows that come later, whoever writes them, mark it
by a trigger, and it is read from the rows until it is added up anew. Nothing waits for a lock.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_WHOLE = (
    "requests",
    "unfamiliar",
    "errors",
    "escalated",
    "sampled",
    "dropped",
    "eligible",
    "exchanges",
    "judged",
    "unscored",
    "failed",
)
_MONEY = (
    "cost_usd",
    "classifier_cost_usd",
    "cost_top_tier_usd",
    "latency_ms",
    "shadow_usd",
    "judge_usd",
)
_NAMES = (*_WHOLE, *_MONEY)

# Twins count for what they cost alone: the exchange that each belongs to is counted.
_SUMS = f"""
create function sums_by_hour(since timestamptz, until timestamptz)
returns table (hour timestamptz, tier text, {", ".join(f"{name} bigint" for name in _WHOLE)},
               {", ".join(f"{name} double precision" for name in _MONEY)})
language sql stable as $$
    with scored as (
        select exchange_id, bool_or(preferred is not null) as scored, sum(cost_usd) as usd
        from verdicts
        where exchange_id >= first_id_of(since) and exchange_id < first_id_of(until)
        group by exchange_id
    ), parts as (
        select date_trunc('hour', minute, 'UTC') as hour, tier, requests,
               case when task_type = 'unfamiliar' then requests else 0 end as unfamiliar,
               errors, escalated, sampled, dropped, eligible,
               0 as exchanges, 0 as judged, 0 as unscored, 0 as failed,
               cost_usd, classifier_cost_usd, cost_top_tier_usd, latency_ms,
               0.0 as shadow_usd, 0.0 as judge_usd
        from rollups where minute >= since and minute < until
        union all
        select date_trunc('hour', arrival_of(e.id), 'UTC'), e.tier, 0, 0, 0, 0, 0, 0, 0,
               (e.direction <> 'top')::int,
               (e.direction <> 'top' and s.scored)::int,
               (e.direction <> 'top' and not s.scored)::int,
               (e.direction <> 'top' and s.exchange_id is null
                and f.exchange_id is not null)::int,
               0, 0, 0, 0, a.cost_usd, s.usd
        from exchanges e
        left join scored s on s.exchange_id = e.id
        left join alternatives a on a.exchange_id = e.id
          and a.exchange_id >= first_id_of(since) and a.exchange_id < first_id_of(until)
        left join failures f on f.exchange_id = e.id
          and f.exchange_id >= first_id_of(since) and f.exchange_id < first_id_of(until)
        where e.id >= first_id_of(since) and e.id < first_id_of(until)
    )
    select hour, tier, {", ".join(f"coalesce(sum({name}), 0)::bigint" for name in _WHOLE)},
           {", ".join(f"coalesce(sum({name}), 0)::double precision" for name in _MONEY)}
    from parts group by hour, tier
$$
"""
_MARK_MINUTE = """
create function mark_hour_of_minute() returns trigger language plpgsql as $$
begin
    insert into changed_hours (hour) values (date_trunc('hour', new.minute, 'UTC'));
    return null;
end $$
"""
_MARK_EXCHANGE = """
create function mark_hour_of_exchange() returns trigger language plpgsql as $$
begin
    insert into changed_hours (hour) values (date_trunc('hour', arrival_of(new.{}), 'UTC'));
    return null;
end $$
"""
# An hour is added up four hours after its end at the earliest, so a transaction may last an hour.
_LATE = "now() - interval '4 hours'"
_TABLES = {"exchanges": "id", "verdicts": "exchange_id", "failures": "exchange_id",
           "alternatives": "exchange_id"}  # fmt: skip


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "hour_sums",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _WHOLE),
        *(sa.Column(name, sa.Double(), nullable=False) for name in _MONEY),
        sa.PrimaryKeyConstraint("hour", "tier", name=op.f("pk_hour_sums")),
    )
    op.create_table(
        "changed_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changed_hours")),
    )
    op.execute(_SUMS)
    op.execute(_MARK_MINUTE)
    op.execute(
        "create trigger late_minutes_mark_their_hour after insert or update of requests, cost_usd on rollups"
        f" for each row when (new.minute < {_LATE}) execute function mark_hour_of_minute()"
    )
    for table, key in _TABLES.items():
        op.execute(
            _MARK_EXCHANGE.format(key).replace("mark_hour_of_exchange", f"mark_hour_of_{table}")
        )
        op.execute(
            f"create trigger late_rows_mark_their_hour after insert on {table}"
            f" for each row when (new.{key} < first_id_of({_LATE}))"
            f" execute function mark_hour_of_{table}()"
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger late_minutes_mark_their_hour on rollups")
    op.execute("drop function mark_hour_of_minute()")
    for table in _TABLES:
        op.execute(f"drop trigger late_rows_mark_their_hour on {table}")
        op.execute(f"drop function mark_hour_of_{table}()")
    op.execute("drop function sums_by_hour(timestamptz, timestamptz)")
    op.drop_table("changed_hours")
    op.drop_table("hour_sums")

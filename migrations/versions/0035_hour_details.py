"""hour details: what judges said and why exchanges failed, added up by the hour beside hour sums.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A trigger on ``hour_sums`` does it, in the transaction that adds the hour up: retention of the
version before keeps them too, and an hour that is read from its rows has neither. 0036 adds hours
that were added up already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_VERDICTS = """
create function verdicts_by_hour(since timestamptz, until timestamptz)
returns table (hour timestamptz, judge_version text, basis text, verdicts bigint, scored bigint,
               swapped bigint, cut bigint, calls bigint, cost_usd double precision,
               latency_ms double precision, newest_at timestamptz)
language sql stable as $$
    select date_trunc('hour', arrival_of(exchange_id), 'UTC'), judge_version, basis,
           count(*), count(preferred),
           count(*) filter (
               where orders->0->>'preferred' is not null
                 and orders->1->>'preferred' is not null),
           count(*) filter (where jsonb_path_exists(orders, '$[*].cut.*')),
           sum(calls)::bigint, sum(cost_usd), sum(latency_ms), max(created_at)
    from verdicts
    where exchange_id >= first_id_of(since) and exchange_id < first_id_of(until)
    group by 1, 2, 3
$$
"""
# Twins apart: each belongs to an exchange that is counted. A reason is a text of 2,000 letters at
# most, too long for a key.
_FAILURES = """
create function failures_by_hour(since timestamptz, until timestamptz)
returns table (hour timestamptz, step text, reason text, n bigint)
language sql stable as $$
    select date_trunc('hour', arrival_of(exchange_id), 'UTC'), step, reason, count(*)
    from failures f
    where exchange_id >= first_id_of(since) and exchange_id < first_id_of(until)
      and not exists (select 1 from direct_pairs d where d.twin_id = f.exchange_id)
    group by 1, 2, 3
$$
"""
_ADDED = """
create function add_hour_details() returns trigger language plpgsql as $$
begin
    insert into hour_verdicts
    select v.* from (select distinct hour from added) h,
                    verdicts_by_hour(h.hour, h.hour + interval '1 hour') v
    on conflict (hour, judge_version, basis) do nothing;
    insert into hour_failures (hour, step, reason_md5, reason, n)
    select f.hour, f.step, md5(f.reason), f.reason, f.n
    from (select distinct hour from added) h,
         failures_by_hour(h.hour, h.hour + interval '1 hour') f
    on conflict (hour, step, reason_md5) do nothing;
    return null;
end $$
"""
_GONE = """
create function delete_hour_details() returns trigger language plpgsql as $$
begin
    delete from hour_verdicts where hour in (select hour from gone);
    delete from hour_failures where hour in (select hour from gone);
    return null;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "hour_verdicts",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judge_version", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("verdicts", "scored", "swapped", "cut", "calls")
        ),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hour", "judge_version", "basis", name=op.f("pk_hour_verdicts")),
    )
    op.create_table(
        "hour_failures",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("reason_md5", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "step", "reason_md5", name=op.f("pk_hour_failures")),
    )
    for function in (_VERDICTS, _FAILURES, _ADDED, _GONE):
        op.execute(function)
    op.execute(
        "create trigger hours_have_details after insert on hour_sums referencing new table as added"
        " for each statement execute function add_hour_details()"
    )
    op.execute(
        "create trigger details_go_with_their_hour after delete on hour_sums"
        " referencing old table as gone for each statement execute function delete_hour_details()"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger hours_have_details on hour_sums")
    op.execute("drop trigger details_go_with_their_hour on hour_sums")
    for function in (
        "delete_hour_details()",
        "add_hour_details()",
        "failures_by_hour(timestamptz, timestamptz)",
        "verdicts_by_hour(timestamptz, timestamptz)",
    ):
        op.execute(f"drop function {function}")
    op.drop_table("hour_failures")
    op.drop_table("hour_verdicts")

"""outcome sums: what outcomes add up to by hour and by day, kept by the database as they come.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A trigger adds an outcome in the transaction that adds the row, whoever writes it: workers of the
version before keep the sums too. 0029 adds what is there already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# A weight is 1 / pi. Of each conversation the pairs of a row count as one, so its weights are
# added up before they are squared: ``squares``. What it adds together with its pairs of earlier
# rows is ``crossing``, kept in the later of two rows.
_NUMBERS = (
    "up_pairs",
    "up_losses",
    "up_weight",
    "up_lost",
    "up_alone",
    "up_squares",
    "up_crossing",
    "down_pairs",
    "down_needed",
    "down_weight",
    "down_lost",
    "down_squares",
    "down_crossing",
    "inconclusive",
    "inconclusive_weight",
    "squares",
    "crossing",
)
_WHOLE = ("up_pairs", "down_pairs", "inconclusive")
_NAMES = ", ".join(_NUMBERS)

# The milliseconds that lead an id (RFC 9562, version 7), and the lowest id of a moment.
_ARRIVAL_OF = """
create function arrival_of(id uuid) returns timestamptz
language sql immutable strict parallel safe as $$
    select to_timestamp(
        ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
$$
"""
_FIRST_ID_OF = """
create function first_id_of(moment timestamptz) returns uuid
language sql immutable strict parallel safe as $$
    select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$
"""

# Outcomes of one conversation are added one after the other, or two would not see each other. 256
# locks are enough for that, and a transaction that adds thousands of outcomes can hold them all.
_ADD = f"""
create function add_to_outcome_sums() returns trigger language plpgsql as $$
declare
    w double precision := 1 / new.pi;
    at timestamptz := arrival_of(new.exchange_id);
    up integer := (new.direction = 'up')::integer;
    down integer := (new.direction = 'down')::integer;
    contradicts integer := (new.basis = 'swap_disagreement')::integer;
    needed double precision :=
        case when new.basis = 'swap_disagreement' then 1 else new.loss end;
begin
    perform pg_advisory_xact_lock(7431202, hashtext(new.session) & 255);
    insert into outcome_sums as s (span, start, tier, task_type, judge_version, {_NAMES})
    with own as (
        select span, task_type, date_trunc(span, at, 'UTC') as mine
        from (values ('hour'), ('day')) as spans (span)
        cross join (values ('*'), (new.task_type)) as tasks (task_type)
    ), met as (
        select own.span, own.task_type, own.mine,
               date_trunc(own.span, arrival_of(o.exchange_id), 'UTC') as theirs,
               2 * w * sum(1 / o.pi) as twice,
               2 * w * coalesce(sum(1 / o.pi) filter (where o.direction = new.direction), 0) as same
        from own join outcomes o
          on o.session = new.session and o.tier = new.tier
         and o.judge_version = new.judge_version and o.id <> new.id
         and own.task_type in ('*', o.task_type)
        group by 1, 2, 3, 4
    ), added (span, start, task_type, {_NAMES}) as (
        select span, mine, task_type,
               up, up * new.loss, up * w, up * w * new.loss, up * w * w, up * w * w, 0.0,
               down, down * needed, down * w, down * w * needed, down * w * w, 0.0,
               contradicts, contradicts * w, w * w, 0.0
        from own
        union all
        select span, greatest(mine, theirs), task_type,
               0, 0, 0, 0, 0,
               case when mine = theirs then up * same else 0 end,
               case when mine = theirs then 0 else up * same end,
               0, 0, 0, 0,
               case when mine = theirs then down * same else 0 end,
               case when mine = theirs then 0 else down * same end,
               0, 0,
               case when mine = theirs then twice else 0 end,
               case when mine = theirs then 0 else twice end
        from met
    )
    select span, start, new.tier, task_type, new.judge_version,
           {", ".join(f"sum({name})" for name in _NUMBERS)}
    from added group by span, start, task_type
    -- Everybody locks in the same order, so nobody waits for each other.
    order by span, start, task_type
    on conflict (span, start, tier, task_type, judge_version) do update set
        {", ".join(f"{name} = s.{name} + excluded.{name}" for name in _NUMBERS)};
    return null;
end $$
"""

# The same from the outcomes themselves, of the days from ``since`` up to and without ``until``.
# Writers wait meanwhile, so that each outcome is added by one of the two. What a conversation had
# before ``since`` is read too: it crosses into these days.
_REBUILD = f"""
create function rebuild_outcome_sums(since timestamptz, until timestamptz) returns void
language plpgsql as $$
begin
    lock table outcome_sums in share row exclusive mode;
    delete from outcome_sums where start >= since and start < until;
    insert into outcome_sums (span, start, tier, task_type, judge_version, {_NAMES})
    with here as (
        select distinct session, tier, judge_version from outcomes
        where exchange_id >= first_id_of(since) and exchange_id < first_id_of(until)
    ), known as (
        select o.session, o.tier, o.judge_version, o.task_type, o.direction, o.loss, 1 / o.pi as w,
               o.basis = 'swap_disagreement' as contradicts, arrival_of(o.exchange_id) as at
        from outcomes o join here using (session, tier, judge_version)
        where o.exchange_id < first_id_of(until)
    ), talks as (
        select spans.span, date_trunc(spans.span, at, 'UTC') as start, tier, tasks.task_type,
               judge_version, session,
               count(*) filter (where direction = 'up') as up_pairs,
               sum(loss) filter (where direction = 'up') as up_losses,
               sum(w) filter (where direction = 'up') as up_weight,
               sum(w * loss) filter (where direction = 'up') as up_lost,
               sum(w * w) filter (where direction = 'up') as up_alone,
               count(*) filter (where direction = 'down') as down_pairs,
               sum(case when contradicts then 1 else loss end)
                   filter (where direction = 'down') as down_needed,
               sum(w) filter (where direction = 'down') as down_weight,
               sum(w * case when contradicts then 1 else loss end)
                   filter (where direction = 'down') as down_lost,
               count(*) filter (where contradicts) as inconclusive,
               sum(w) filter (where contradicts) as inconclusive_weight,
               sum(w) as weight
        from known
        cross join (values ('hour'), ('day')) as spans (span)
        cross join lateral (values ('*'), (known.task_type)) as tasks (task_type)
        group by 1, 2, 3, 4, 5, 6
    ), met as (
        select *, sum(up_weight) over earlier as up_before, sum(down_weight) over earlier
                  as down_before, sum(weight) over earlier as before
        from talks
        window earlier as (
            partition by span, tier, task_type, judge_version, session order by start
            rows between unbounded preceding and 1 preceding
        )
    )
    select span, start, tier, task_type, judge_version,
           sum(up_pairs), coalesce(sum(up_losses), 0), coalesce(sum(up_weight), 0),
           coalesce(sum(up_lost), 0), coalesce(sum(up_alone), 0),
           coalesce(sum(up_weight * up_weight), 0),
           coalesce(sum(2 * up_weight * up_before), 0),
           sum(down_pairs), coalesce(sum(down_needed), 0), coalesce(sum(down_weight), 0),
           coalesce(sum(down_lost), 0), coalesce(sum(down_weight * down_weight), 0),
           coalesce(sum(2 * down_weight * down_before), 0),
           sum(inconclusive), coalesce(sum(inconclusive_weight), 0),
           sum(weight * weight), coalesce(sum(2 * weight * before), 0)
    from met where start >= since
    group by span, start, tier, task_type, judge_version;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "outcome_sums",
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.Column("judge_version", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger() if name in _WHOLE else sa.Double(), nullable=False)
            for name in _NUMBERS
        ),
        sa.CheckConstraint("span in ('hour', 'day')", name=op.f("ck_outcome_sums_span")),
        sa.PrimaryKeyConstraint(
            "span", "start", "tier", "task_type", "judge_version", name=op.f("pk_outcome_sums")
        ),
    )
    for function in (_ARRIVAL_OF, _FIRST_ID_OF, _ADD, _REBUILD):
        op.execute(function)
    op.execute(
        "create trigger outcomes_are_added_up after insert on outcomes"
        " for each row execute function add_to_outcome_sums()"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop trigger outcomes_are_added_up on outcomes")
    for function in (
        "rebuild_outcome_sums(timestamptz, timestamptz)",
        "add_to_outcome_sums()",
        "first_id_of(timestamptz)",
        "arrival_of(uuid)",
    ):
        op.execute(f"drop function {function}")
    op.drop_table("outcome_sums")

"""details of the past: hours that were added up before get theirs, a day a transaction.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
An hour that is being added up anew has its details from the trigger, and those are kept; a run that
was interrupted is simply begun again.
"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_DAYS = "select distinct date_trunc('day', hour, 'UTC') from hour_sums order by 1"
# The lock that whoever adds hours up holds (`store.sums.hours.fold_hours`).
_LOCK = "select pg_advisory_xact_lock(7431203)"
_HOURS = "(select distinct hour from hour_sums where hour >= :since and hour < :until) h"
_VERDICTS = f"""
insert into hour_verdicts
select v.* from {_HOURS}, verdicts_by_hour(h.hour, h.hour + interval '1 hour') v
on conflict (hour, judge_version, basis) do nothing
"""
_FAILURES = f"""
insert into hour_failures (hour, step, reason_md5, reason, n)
select f.hour, f.step, md5(f.reason), f.reason, f.n
from {_HOURS}, failures_by_hour(h.hour, h.hour + interval '1 hour') f
on conflict (hour, step, reason_md5) do nothing
"""


def upgrade() -> None:
    context = op.get_context()
    with context.autocommit_block():
        connection = op.get_bind()
        for day in connection.execute(sa.text(_DAYS)).scalars().all():
            stretch = {"since": day, "until": day + dt.timedelta(days=1)}
            op.execute("begin")
            op.execute("set local statement_timeout = '10min'")
            op.execute("set local lock_timeout = '60s'")
            op.execute(_LOCK)
            for statement in (_VERDICTS, _FAILURES):
                connection.execute(sa.text(statement), stretch)
            op.execute("commit")


def downgrade() -> None:
    """What was added up stays so."""

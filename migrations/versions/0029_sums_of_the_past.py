"""sums of the past: outcomes that were there before the sums are added to them, a day at a time.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A day is a transaction of its own, in which it is added up anew: a run that was interrupted is
simply begun again. The judge waits for as long as a day takes, 0.1 s for some thousand pairs.
"""

import datetime as dt
import time

import sqlalchemy as sa
from alembic import op
from psycopg.errors import LockNotAvailable

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TRIES = 120
_PAUSE_S = 0.5
_DAYS = "select distinct date_trunc('day', arrival_of(exchange_id), 'UTC') from outcomes order by 1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set statement_timeout = '10min'")
        op.execute("set lock_timeout = '1s'")
        for day in op.get_bind().execute(sa.text(_DAYS)).scalars().all():
            _add_day(day)
        op.execute("reset statement_timeout")
        op.execute("reset lock_timeout")


def _add_day(day: dt.datetime) -> None:
    """Add a day up; where the lock is not to be had at once, later again."""
    for left in reversed(range(_TRIES)):
        try:
            with op.get_bind().connection.cursor() as cursor:
                cursor.execute(
                    "select rebuild_outcome_sums(%s, %s)", (day, day + dt.timedelta(days=1))
                )
        except LockNotAvailable:
            if not left:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def downgrade() -> None:
    """What was added up stays so."""

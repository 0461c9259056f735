"""directions: every exchange is read once to see that its direction is a known one.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Validating takes a lock that lets readers and writers go on, for as long as the table is read.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '30min'")
    op.execute("alter table exchanges validate constraint ck_exchanges_direction")


def downgrade() -> None:
    """What was read stays read."""

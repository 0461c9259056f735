"""outcomes of the past: each was an observation of its own.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A million outcomes take some ten seconds, so the statement time-out is longer than usual.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '600s'")
    op.execute(
        "update outcomes set observation = position"
        " where position is not null and observation is null"
    )


def downgrade() -> None:
    pass

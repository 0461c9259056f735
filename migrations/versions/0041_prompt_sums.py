"""prompt_sums: judged pairs by month and version of the prompt.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Months before have no rows: nothing was known of their prompts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_SUMS = ("bad", "weight", "lost", "squares")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "prompt_sums",
        sa.Column("month", sa.Date(), primary_key=True),
        sa.Column("tier", sa.Text(), primary_key=True),
        sa.Column("prompt_version", sa.Text(), primary_key=True),
        sa.Column("judge_version", sa.Text(), primary_key=True),
        sa.Column("pairs", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in _SUMS),
    )


def downgrade() -> None:
    op.drop_table("prompt_sums")

"""sources: traffic of another router, each call counted once, and what became of it by source.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Both tables are new: older code knows nothing of them, and nothing waits.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "seen_calls",
        sa.Column("call", sa.Uuid(), nullable=False),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_seen_calls")),
    )
    op.create_index(op.f("ix_seen_calls_seen_at"), "seen_calls", ["seen_at"])
    op.create_table(
        "source_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", "what", name=op.f("pk_source_counts")),
    )


def downgrade() -> None:
    op.drop_table("source_counts")
    op.drop_table("seen_calls")

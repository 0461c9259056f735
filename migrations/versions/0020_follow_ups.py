"""follow_ups: whether the same question came again in an exchange's session soon after.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A table of its own, that workers of the version before do not know.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "follow_ups",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("asked_again", sa.Boolean(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_follow_ups")),
    )
    op.create_index(
        "ix_follow_ups_known",
        "follow_ups",
        ["exchange_id"],
        postgresql_where=sa.text("asked_again is not null"),
    )


def downgrade() -> None:
    op.drop_table("follow_ups")

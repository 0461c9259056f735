"""remedies: tiers sent up by hand, sampling asked for by hand, alerts silenced.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Constant defaults are kept in the catalogue. A gateway of the version before does not read
``drained`` and goes on by the thresholds, so nothing is sent up at it until it is upgraded.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column(
        "policies",
        sa.Column("drained", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.create_table(
        "drains",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint("until > began_at", name=op.f("ck_drains_until")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drains")),
    )
    op.create_index(
        "uq_drains_going_on",
        "drains",
        ["tier", "task_type"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.add_column("bursts", sa.Column("asked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bursts", sa.Column("asked_by", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("silenced_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("silenced_by", sa.Text(), nullable=True))


def downgrade() -> None:
    for table, column in (
        ("alerts", "silenced_by"),
        ("alerts", "silenced_until"),
        ("bursts", "asked_by"),
        ("bursts", "asked_until"),
        ("policies", "drained"),
    ):
        op.drop_column(table, column)
    op.drop_table("drains")

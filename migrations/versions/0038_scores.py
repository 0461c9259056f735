"""scores: verdicts on their way back to the traces that their exchanges stand in.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A new table takes nobody's lock; a version before this one does not know it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, _AT, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "score_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        _now("queued_at"),
        _now("next_try_at"),
        sa.Column("ended_at", _AT, nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'delivered', 'failed')", name=op.f("ck_score_deliveries_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_deliveries")),
        sa.UniqueConstraint(
            "exchange_id", "destination", name=op.f("uq_score_deliveries_exchange_id_destination")
        ),
    )
    op.create_index(
        "ix_score_deliveries_waiting",
        "score_deliveries",
        ["destination", "next_try_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_score_deliveries_ended_at", "score_deliveries", ["ended_at"])
    op.create_index(
        "ix_score_deliveries_left",
        "score_deliveries",
        ["state"],
        postgresql_where=sa.text("state <> 'delivered'"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_table("score_deliveries")

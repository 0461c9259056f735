"""costs: cached tokens, the classifier's cost, and what was paid for answers that were not kept.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Columns that are not nullable have a constant default: PostgreSQL adds those without a rewrite.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TOKENS, _USD = sa.BigInteger(), sa.Double()
_COLUMNS: tuple[tuple[str, str, sa.types.TypeEngine[object]], ...] = (
    ("exchanges", "cached_tokens", _TOKENS),
    ("exchanges", "cache_write_tokens", _TOKENS),
    ("exchanges", "classifier_cost_usd", _USD),
    ("alternatives", "cached_tokens", _TOKENS),
    ("alternatives", "cache_write_tokens", _TOKENS),
    ("rollups", "cached_tokens", _TOKENS),
    ("rollups", "classifier_cost_usd", _USD),
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    for table, name, kind in _COLUMNS:
        op.add_column(table, sa.Column(name, kind, server_default=sa.text("0"), nullable=False))
    op.create_table(
        "lost_costs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('shadow', 'judge', 'checks')", name=op.f("ck_lost_costs_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_costs")),
    )
    op.create_index(op.f("ix_lost_costs_created_at"), "lost_costs", ["created_at"])


def downgrade() -> None:
    op.drop_table("lost_costs")
    for table, name, _ in reversed(_COLUMNS):
        op.drop_column(table, name)

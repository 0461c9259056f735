"""two persons: who made a proposal, each approval of it, and who answers for a token.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
``proposed_by`` has a constant default, which is kept in the catalogue. A dashboard of the version
before approves with one person, whatever is configured, until it is upgraded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column(
        "proposals",
        sa.Column("proposed_by", sa.Text(), server_default=sa.text("'tierwatch'"), nullable=False),
    )
    op.add_column("proposals", sa.Column("proposed_why", sa.Text(), nullable=True))
    op.add_column("tokens", sa.Column("owner", sa.Text(), nullable=True))
    op.add_column("policies", sa.Column("base_version", sa.BigInteger(), nullable=True))
    op.create_table(
        "proposal_approvals",
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("proposal_id", "person", name=op.f("pk_proposal_approvals")),
    )


def downgrade() -> None:
    op.drop_table("proposal_approvals")
    for table, column in (
        ("policies", "base_version"),
        ("tokens", "owner"),
        ("proposals", "proposed_why"),
        ("proposals", "proposed_by"),
    ):
        op.drop_column(table, column)

"""policies carry the misroute rates that were promised of them, by tier, and for which quality.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    # With a constant default Postgres rewrites nothing.
    kind = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    column = sa.Column("promised", kind, server_default=sa.text("'{}'::jsonb"), nullable=False)
    op.add_column("policies", column)
    op.add_column("policies", sa.Column("promised_for", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("policies", "promised_for")
    op.drop_column("policies", "promised")

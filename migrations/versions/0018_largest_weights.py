"""largest weights: of each day, boundary and confidence, what a pair may have stood for.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
What is counted already stays NULL: nobody noted it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("boundary_counts", sa.Column("largest_weight", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("boundary_counts", "largest_weight")

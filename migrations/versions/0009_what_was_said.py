"""what was said: log-odds of the working classifier before it learned a pair.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("outcomes", sa.Column("said_higher", sa.Double(), nullable=True))
    op.add_column("outcomes", sa.Column("said_lower", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("outcomes", "said_lower")
    op.drop_column("outcomes", "said_higher")

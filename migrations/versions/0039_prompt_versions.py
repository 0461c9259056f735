"""prompt_versions: which version of its prompt an exchange was asked with.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Older rows, and those of older code, have none: nothing is known of their prompts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("exchanges", sa.Column("prompt_version", sa.Text()))


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("exchanges", "prompt_version")

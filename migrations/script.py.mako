"""${message}.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}

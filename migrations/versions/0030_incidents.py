"""incidents: alerts of one cause, whose they are, and when the change began.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
There are as many alerts as people have read, so that an index takes milliseconds. Those of before
stand alone: each is the head of an incident of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("began_at", sa.DateTime(timezone=True)),
    ("incident", sa.BigInteger()),
    ("assigned_to", sa.Text()),
    ("assigned_by", sa.Text()),
    ("assigned_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    for name, kind in _COLUMNS:
        op.add_column("alerts", sa.Column(name, kind, nullable=True))
    op.create_index("ix_alerts_incident", "alerts", ["incident"])
    op.create_index("ix_alerts_kind_id", "alerts", ["kind", "id"])


def downgrade() -> None:
    for name in ("ix_alerts_kind_id", "ix_alerts_incident"):
        op.drop_index(name, table_name="alerts")
    for name, _ in reversed(_COLUMNS):
        op.drop_column("alerts", name)

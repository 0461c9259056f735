"""asked: what each of several judges made of a pair, or of an anchor, and what asking it took.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The columns have constant defaults, which PostgreSQL adds to every part without a rewrite; older
rows, and those of older code, are of one judge, which needs no list.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TABLES = ("verdicts", "anchor_verdicts")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    for table in _TABLES:
        op.add_column(
            table,
            sa.Column(
                "asked",
                JSONB(none_as_null=True),
                server_default=sa.text("'[]'::jsonb"),
                nullable=False,
            ),
        )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_column(table, "asked")

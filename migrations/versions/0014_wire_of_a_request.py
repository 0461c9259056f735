"""wire of a request: texts hold what was asked on the wire it came on.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The columns have constant defaults, which PostgreSQL adds to every part without a rewrite; older
rows are in OpenAI's form, as the default says.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column(
        "exchange_texts",
        sa.Column("wire", sa.Text(), server_default=sa.text("'openai'"), nullable=False),
    )
    op.add_column(
        "exchange_texts",
        sa.Column(
            "headers",
            JSONB(none_as_null=True),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("exchange_texts", "headers")
    op.drop_column("exchange_texts", "wire")

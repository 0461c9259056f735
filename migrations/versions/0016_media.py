"""media: sealed images, audio and files of sampled exchanges, and the keys of their marks.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Sealed bytes do not compress; stored as they are, they cost no time to try.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "exchange_media",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", "name", name=op.f("pk_exchange_media")),
    )
    op.execute("alter table exchange_media alter column sealed set storage external")
    op.create_table(
        "mark_keys",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_mark_keys")),
    )


def downgrade() -> None:
    op.drop_table("mark_keys")
    op.drop_table("exchange_media")

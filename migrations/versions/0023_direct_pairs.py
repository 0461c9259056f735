"""direct pairs: which exchanges the top tier answers as well, each as a pair of its own.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The wider check is added unvalidated, which reads no row; 0024 reads them, with readers and writers
going on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "direct_pairs",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("twin_id", sa.Uuid(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("pi", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", "tier", name=op.f("pk_direct_pairs")),
        sa.UniqueConstraint("twin_id", name=op.f("uq_direct_pairs_twin_id")),
        sa.CheckConstraint(
            "pi > 0 and pi <= 1 and share > 0 and share <= 1", name=op.f("ck_direct_pairs_pi")
        ),
    )
    op.execute("alter table exchanges drop constraint ck_exchanges_direction")
    op.execute(
        "alter table exchanges add constraint ck_exchanges_direction"
        " check (direction in ('up', 'down', 'top')) not valid"
    )


def downgrade() -> None:
    # A twin is no pair to the version before, whose check it breaks.
    op.execute("delete from exchanges where direction = 'top'")
    op.execute("alter table exchanges drop constraint ck_exchanges_direction")
    op.execute(
        "alter table exchanges add constraint ck_exchanges_direction"
        " check (direction in ('up', 'down')) not valid"
    )
    op.drop_table("direct_pairs")

"""learned models: working classifiers, artefacts, versions, comparisons; proposals of a model.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The two new columns have constant defaults, which rewrite no row.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "classifier_artefacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("boundary", sa.Text(), nullable=False),
        sa.Column("artefact", sa.LargeBinary(), nullable=False),
        sa.Column("pairs", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classifier_artefacts")),
    )
    op.create_table(
        "classifier_models",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("boundary", sa.Text(), nullable=False),
        sa.Column("artefact_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("version", "boundary", name=op.f("pk_classifier_models")),
    )
    op.create_table(
        "learners",
        sa.Column("boundary", sa.Text(), nullable=False),
        sa.Column("artefact", sa.LargeBinary(), nullable=False),
        sa.Column("pairs", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("candidate_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("boundary", name=op.f("pk_learners")),
    )
    op.create_table(
        "refits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("boundary", sa.Text(), nullable=False),
        sa.Column("k", sa.BigInteger(), nullable=False),
        sa.Column("incumbent_id", sa.BigInteger(), nullable=False),
        sa.Column("candidate_id", sa.BigInteger(), nullable=False),
        sa.Column("first_position", sa.BigInteger(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("pairs", sa.BigInteger(), nullable=False),
        sa.Column(
            "result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refits")),
        sa.UniqueConstraint("boundary", "k", name=op.f("uq_refits_boundary_k")),
    )
    op.add_column(
        "policies",
        sa.Column("classifier", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "proposals",
        sa.Column("kind", sa.Text(), server_default=sa.text("'threshold'"), nullable=False),
    )
    op.add_column("proposals", sa.Column("artefact_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_column("proposals", "artefact_id")
    op.drop_column("proposals", "kind")
    op.drop_column("policies", "classifier")
    op.drop_table("refits")
    op.drop_table("learners")
    op.drop_table("classifier_models")
    op.drop_table("classifier_artefacts")

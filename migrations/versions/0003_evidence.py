"""evidence: labels, anchors, probes, certificates; what monitors, drift and attribution keep.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
Columns that are not nullable have a constant default: PostgreSQL adds those without a rewrite.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    kind = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    return sa.Column(name, kind, nullable=nullable)


def _now(name: str = "created_at") -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "boundary_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("boundary", sa.Text(), nullable=False),
        sa.Column("cents", sa.SmallInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "boundary", "cents", name=op.f("pk_boundary_counts")),
    )
    op.create_table(
        "labels",
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("preferred", sa.Text(), nullable=False),
        sa.Column("shown_first", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _now(),
        sa.CheckConstraint(
            "preferred in ('served', 'alternative', 'tie')", name=op.f("ck_labels_preferred")
        ),
        sa.PrimaryKeyConstraint("exchange_id", "reviewer", name=op.f("pk_labels")),
    )
    op.create_table(
        "evalset_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("set_version", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        _now("started_at"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('anchors', 'probes')", name=op.f("ck_evalset_runs_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evalset_runs")),
    )
    op.create_index(
        op.f("ix_evalset_runs_kind_subject_id"), "evalset_runs", ["kind", "subject", "id"]
    )
    op.create_table(
        "anchor_verdicts",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("anchor_id", sa.Text(), nullable=False),
        sa.Column("truth", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("orders_agree", sa.Boolean(), nullable=True),
        sa.Column("longer", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        _now(),
        sa.CheckConstraint("verdict in ('a', 'b', 'tie')", name=op.f("ck_anchor_verdicts_verdict")),
        sa.PrimaryKeyConstraint("run_id", "anchor_id", name=op.f("pk_anchor_verdicts")),
    )
    op.create_table(
        "probe_answers",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("probe_id", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        _now(),
        sa.PrimaryKeyConstraint("run_id", "probe_id", name=op.f("pk_probe_answers")),
    )
    # The day's spending is asked for every few seconds.
    for table in ("anchor_verdicts", "probe_answers"):
        op.create_index(op.f(f"ix_{table}_created_at"), table, ["created_at"])
    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("quick", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        _json("rows"),
        _now(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.add_column("outcomes", sa.Column("observation", sa.BigInteger(), nullable=True))
    op.add_column(
        "monitors",
        sa.Column("kind", sa.Text(), server_default=sa.text("'misroute'"), nullable=False),
    )
    op.add_column("monitors", _json("estimate", nullable=True))
    for name, kind in (("eligible", sa.BigInteger()), ("drift_taken", sa.BigInteger())):
        op.add_column("rollups", sa.Column(name, kind, server_default=sa.text("0"), nullable=False))
    op.add_column(
        "rollups", sa.Column("expected", sa.Double(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("alerts", _json("attribution", nullable=True))
    op.add_column(
        "alerts", sa.Column("attribution_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    for table, columns in (
        ("alerts", ("attribution", "attribution_until")),
        ("rollups", ("eligible", "expected", "drift_taken")),
        ("monitors", ("kind", "estimate")),
        ("outcomes", ("observation",)),
    ):
        for column in columns:
            op.drop_column(table, column)
    for table in (
        "certificates",
        "probe_answers",
        "anchor_verdicts",
        "evalset_runs",
        "labels",
        "boundary_counts",
    ):
        op.drop_table(table)

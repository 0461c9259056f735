"""outbox: events of alerts, their deliveries and destinations; when each step last ran.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The column that is not nullable has a constant default: PostgreSQL adds it without a rewrite.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, _AT, server_default=sa.text("now()"), nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _words(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text(f"'{default}'"), nullable=False)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("alerts", _count("events"))
    op.add_column("alerts", sa.Column("last_event_at", _AT, nullable=True))
    op.add_column("alerts", sa.Column("resolution", JSONB(none_as_null=True), nullable=True))
    op.create_table(
        "alert_events",
        _id(),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        _now("at"),
        sa.Column("spread_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_events")),
        sa.UniqueConstraint("alert_id", "number", name=op.f("uq_alert_events_alert_id_number")),
    )
    op.create_index(
        "ix_alert_events_unspread",
        "alert_events",
        ["id"],
        postgresql_where=sa.text("spread_at is null"),
    )
    op.create_table(
        "deliveries",
        _id(),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        _words("state", "waiting"),
        _count("tries"),
        _words("answer"),
        _now("waiting_since"),
        _now("next_try_at"),
        sa.Column("last_try_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'delivered', 'failed')", name=op.f("ck_deliveries_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "event_id", "destination", name=op.f("uq_deliveries_event_id_destination")
        ),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["destination", "alert_id", "event_id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_deliveries_alert_id", "deliveries", ["alert_id"])
    op.create_index("ix_deliveries_ended_at", "deliveries", ["ended_at"])
    op.create_table(
        "destinations",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _count("failures"),
        sa.Column("failing_since", _AT, nullable=True),
        sa.Column("paused_until", _AT, nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", _AT, nullable=True),
        _words("answer"),
        sa.Column("answered_at", _AT, nullable=True),
        sa.Column("taken_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_destinations")),
    )
    op.create_table(
        "step_runs",
        sa.Column("step", sa.Text(), nullable=False),
        _now("ran_at"),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_step_runs")),
    )


def downgrade() -> None:
    for table in ("step_runs", "destinations", "deliveries", "alert_events"):
        op.drop_table(table)
    for column in ("resolution", "last_event_at", "events"):
        op.drop_column("alerts", column)

"""models of tiers: who serves a tier in place of its file's model, and the trials that lead there.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The policies' column has a constant default, which is kept in the catalogue; gateways and workers of
the version before do not name it, and serve by their files' models.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def _json(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        JSONB(none_as_null=True),
        server_default=None if default is None else sa.text(f"'{default}'::jsonb"),
        nullable=nullable,
    )


def _number(name: str, default: str | None = None) -> sa.Column[object]:
    server = None if default is None else sa.text(default)
    return sa.Column(name, sa.Double(), server_default=server, nullable=False)


def _whole(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[object]:
    server = None if default is None else sa.text(default)
    return sa.Column(name, sa.BigInteger(), server_default=server, nullable=nullable)


def _words(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[object]:
    server = None if default is None else sa.text(f"'{default}'")
    return sa.Column(name, sa.Text(), server_default=server, nullable=nullable)


def _moment(name: str, *, now: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()") if now else None,
        nullable=not now,
    )


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("policies", _json("models", "{}"))
    op.create_table(
        "model_trials",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _words("tier"),
        _words("served"),
        _json("candidate"),
        _whole("sample"),
        _number("budget_usd"),
        _number("worse_by"),
        _number("delta"),
        _number("max_weight"),
        _words("judge_version", ""),
        _whole("base_version"),
        _words("state", "running"),
        _words("why", ""),
        _whole("proposal_id", nullable=True),
        _words("started_by"),
        _moment("started_at", now=True),
        _moment("ended_at"),
        sa.CheckConstraint(
            "state in ('running', 'certified', 'refused', 'undecided', 'cancelled', 'failed')",
            name=op.f("ck_model_trials_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_trials")),
    )
    op.create_index(
        "uq_model_trials_running_tier",
        "model_trials",
        ["tier"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "model_trial_pairs",
        _whole("trial_id"),
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        _words("session"),
        _words("task_type"),
        _number("weight"),
        _whole("tries", "0"),
        _moment("until"),
        _words("result", nullable=True),
        _words("basis", ""),
        _words("detail", ""),
        _json("answer", nullable=True),
        _number("served_usd"),
        _number("candidate_usd", "0"),
        _number("judge_usd", "0"),
        _number("latency_ms", "0"),
        _json("fitted", "[]"),
        _whole("position", nullable=True),
        _moment("drawn_at", now=True),
        _moment("ended_at"),
        sa.CheckConstraint(
            "result in ('worse', 'better', 'tie', 'inconclusive', 'unanswered', 'unscored',"
            " 'left_out')",
            name=op.f("ck_model_trial_pairs_result"),
        ),
        sa.PrimaryKeyConstraint("trial_id", "exchange_id", name=op.f("pk_model_trial_pairs")),
    )
    op.create_index(
        "uq_model_trial_pairs_session",
        "model_trial_pairs",
        ["trial_id", "session"],
        unique=True,
    )
    op.create_index("ix_model_trial_pairs_ended_at", "model_trial_pairs", ["ended_at"])


def downgrade() -> None:
    op.drop_table("model_trial_pairs")
    op.drop_table("model_trials")
    op.drop_column("policies", "models")

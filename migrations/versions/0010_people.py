"""people: sessions on the server, accounts without a password, ends of tokens.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "method in ('password', 'oidc', 'proxy')", name=op.f("ck_sessions_method")
        ),
        sa.ForeignKeyConstraint(
            ["user_name"], ["users.name"], name="fk_sessions_user_name", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    op.create_index("ix_sessions_user_name", "sessions", ["user_name"])
    op.create_index("ix_sessions_ends_at", "sessions", ["ends_at"])
    op.alter_column("users", "password_hash", nullable=True)
    op.add_column("users", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_users_subject"), "users", ["subject"])
    op.create_check_constraint(
        op.f("ck_users_enters_somehow"), "users", "password_hash is not null or subject is not null"
    )
    op.add_column("tokens", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tokens", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("tokens", "used_at")
    op.drop_column("tokens", "ends_at")
    op.drop_constraint(op.f("ck_users_enters_somehow"), "users")
    op.drop_constraint(op.f("uq_users_subject"), "users")
    op.drop_column("users", "entered_at")
    op.drop_column("users", "disabled_at")
    op.drop_column("users", "subject")
    # Who has no password cannot be an account of the version before.
    op.execute("delete from users where password_hash is null")
    op.alter_column("users", "password_hash", nullable=False)
    op.drop_index("ix_sessions_ends_at", table_name="sessions")
    op.drop_index("ix_sessions_user_name", table_name="sessions")
    op.drop_table("sessions")

"""watched router: what it was seen to run with, and changes of its settings that wait for it.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_SEEN = """
create table seen_thresholds (
    source text not null,
    words text not null,
    thresholds jsonb not null,
    calls bigint not null,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    constraint pk_seen_thresholds primary key (source, words)
)
"""
_CHANGES = """
create table router_changes (
    proposal_id bigint not null,
    state text not null,
    router text not null,
    file text not null,
    before jsonb not null,
    after jsonb not null,
    diff text not null,
    undo text not null,
    webhook boolean not null,
    tries bigint not null default 0,
    try_at timestamptz,
    answer text not null default '',
    created_at timestamptz not null default now(),
    applied_at timestamptz,
    applied_by text,
    undone_at timestamptz,
    undone_by text,
    constraint pk_router_changes primary key (proposal_id),
    constraint ck_router_changes_state
        check (state in ('waiting', 'applied', 'undo', 'undone', 'ended'))
)
"""
# One change of a router waits at a time.
_ONE = (
    "create unique index uq_router_changes_waiting on router_changes ((1))"
    " where state in ('waiting', 'undo')"
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute(_SEEN)
    op.execute(_CHANGES)
    op.execute(_ONE)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute("drop table router_changes")
    op.execute("drop table seen_thresholds")

"""outcomes by session: what a new outcome's conversation has had before is found by it.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A partitioned table takes no index concurrently: each part gets its own, then the parent adopts
them. Every step asks what is there, so a run that was interrupted is simply begun again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_NAME = "ix_outcomes_session"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set statement_timeout = 0")
        op.execute("set lock_timeout = '5s'")
        op.execute(f"create index if not exists {_NAME} on only outcomes (session)")
        for part in _parts():
            _index_part(part)
        op.execute("reset statement_timeout")
        op.execute("reset lock_timeout")


def _parts() -> list[str]:
    found = op.get_bind().execute(
        sa.text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = 'outcomes'::regclass order by 1"
        )
    )
    return list(found.scalars())


def _index_part(part: str) -> None:
    if _attached(_NAME, part):
        return
    name = f"{part}_session_idx"
    state = sa.text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")
    valid = op.get_bind().execute(state, {"name": name}).scalar()
    if valid is False:
        op.execute(f"drop index concurrently {name}")
    if not valid:
        op.execute(f"create index concurrently {name} on {part} (session)")
    op.execute(f"alter index {_NAME} attach partition {name}")


def _attached(parent: str, part: str) -> bool:
    """Whether a part has the parent's index, by whatever name: one that came later brought it."""
    found = op.get_bind().execute(
        sa.text(
            "select 1 from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid"
            " where i.inhparent = to_regclass(:parent) and x.indrelid = to_regclass(:part)"
        ),
        {"parent": parent, "part": part},
    )
    return found.scalar() is not None


def downgrade() -> None:
    op.execute(f"drop index {_NAME}")

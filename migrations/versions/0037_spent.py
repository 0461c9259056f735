"""spent: what shadow answers and verdicts cost in a stretch of time, read from the index alone.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A partitioned table takes no index concurrently: each part gets its own, then the parent adopts
them. Every step asks what is there, so a run that was interrupted is simply begun again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_ON = "(created_at) include (exchange_id, cost_usd)"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set statement_timeout = 0")
        op.execute("set lock_timeout = '5s'")
        op.execute(f"create index if not exists ix_verdicts_spent on only verdicts {_ON}")
        for part in _parts("verdicts"):
            _index_part("ix_verdicts_spent", part, f"{part}_spent_idx", _ON)
        _index("ix_alternatives_spent", "alternatives", _ON)
        # Replaced: the new ones lead with the same column, so the version before reads those.
        for table in ("verdicts", "alternatives"):
            op.execute(f"drop index if exists ix_{table}_created_at")
        op.execute("reset statement_timeout")
        op.execute("reset lock_timeout")


def _parts(table: str) -> list[str]:
    found = op.get_bind().execute(
        sa.text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            f" where i.inhparent = '{table}'::regclass order by 1"
        )
    )
    return list(found.scalars())


def _index_part(parent: str, part: str, name: str, on: str) -> None:
    if _attached(parent, part):
        return
    _index(name, part, on)
    op.execute(f"alter index {parent} attach partition {name}")


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


def _index(name: str, table: str, on: str) -> None:
    state = sa.text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")
    valid = op.get_bind().execute(state, {"name": name}).scalar()
    if valid is False:
        op.execute(f"drop index concurrently {name}")
    if not valid:
        op.execute(f"create index concurrently {name} on {table} {on}")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in ("verdicts", "alternatives"):
        op.execute(f"create index if not exists ix_{table}_created_at on {table} (created_at)")
        op.execute(f"drop index ix_{table}_spent")

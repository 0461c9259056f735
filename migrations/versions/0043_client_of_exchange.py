"""client of exchange: whose key was shown, or which source reported it, and pairs of one client.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
The column is new and empty, so its index has nothing to hold; it is built concurrently all the
same, for each part is read through, and after the column, which each step finds if it is there. A
partitioned table takes no index concurrently: each part gets its own, then the parent adopts them.
Every step asks what is there, so a run that was interrupted is simply begun again. Older rows, and
those of older code, have no client.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_NAME = "ix_exchanges_client"
_ON = "(client, id) where client is not null"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = '5s'")
        op.execute("set statement_timeout = '60s'")
        op.execute("alter table exchanges add column if not exists client text")
        op.execute("set statement_timeout = 0")
        op.execute(f"create index if not exists {_NAME} on only exchanges {_ON}")
        for part in _parts():
            _index_part(part, f"{part}_client_idx")
        op.execute("reset statement_timeout")
        op.execute("reset lock_timeout")


def _parts() -> list[str]:
    """The parts that have no index of this kind yet."""
    found = op.get_bind().execute(
        sa.text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = 'exchanges'::regclass and not exists ("
            "   select 1 from pg_index x join pg_inherits held on held.inhrelid = x.indexrelid"
            "   where x.indrelid = i.inhrelid and held.inhparent = to_regclass(:name)"
            " ) order by 1"
        ),
        {"name": _NAME},
    )
    return list(found.scalars())


def _index_part(part: str, name: str) -> None:
    state = sa.text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")
    valid = op.get_bind().execute(state, {"name": name}).scalar()
    if valid is False:
        op.execute(f"drop index concurrently {name}")
    if not valid:
        op.execute(f"create index concurrently {name} on {part} {_ON}")
    op.execute(f"alter index {_NAME} attach partition {name}")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_column("exchanges", "client")

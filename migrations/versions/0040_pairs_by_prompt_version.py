"""pairs_by_prompt_version: pairs of one version of a prompt, read from an index.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A partitioned table takes no index concurrently: each part gets its own, then the parent adopts
them. Every step asks what is there, so a run that was interrupted is simply begun again; a part
that was added meanwhile has the index already, under a name of the server's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_NAME = "ix_exchanges_prompt_version"
_ON = "(prompt_version, id) where prompt_version is not null"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set statement_timeout = 0")
        op.execute("set lock_timeout = '5s'")
        op.execute(f"create index if not exists {_NAME} on only exchanges {_ON}")
        for part in _parts():
            _index_part(part, f"{part}_prompt_version_idx")
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
    op.execute(f"drop index {_NAME}")

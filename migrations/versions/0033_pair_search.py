"""pair search: words of stored questions and answers, and what lists of pairs are narrowed by.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
A partitioned table takes no index concurrently: each part gets its own, then the parent adopts
them. Every step asks what is there, so a run that was interrupted is simply begun again.
The function is there first: code of the version before writes through the indexes without it.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

# Marks are blanks: Postgres' parser takes <b> for a tag and a/b.py for one word, and texts are code.
# All words of one document must go into 1 MB of tsvector: those of 100,000 characters always do, and
# more may be refused, and the row with them.
# In plpgsql, for a function in SQL is put into the query and its cost forgotten: the planner then
# reads every text on the way to a page of matches, which took 480 ms where the index takes 30.
_WORDS = r"""
create or replace function tierwatch_words(document jsonb) returns tsvector
language plpgsql immutable strict parallel safe cost 10000
as $$
declare
    said text;
begin
    select left(string_agg(value #>> '{}', ' '), 100000) into said
    from jsonb_path_query(document, 'strict $.** ? (@.type() == "string")') value;
    return to_tsvector(
        'pg_catalog.simple',
        translate(coalesce(said, ''), '!"#$%&''()*+,-./:;<=>?@[\]^`{|}~', repeat(' ', 31))
    );
end $$
"""


class _Index(NamedTuple):
    """An index of a partitioned table; ``on`` is what stands behind the table's name."""

    name: str
    table: str
    on: str


_INDEXES = (
    _Index("ix_exchanges_session", "exchanges", "(session, id)"),
    _Index("ix_exchanges_request_no", "exchanges", "(request_no)"),
    _Index("ix_exchanges_model", "exchanges", "(model, id)"),
    _Index("ix_exchanges_policy_version", "exchanges", "(policy_version, id)"),
    _Index("ix_exchanges_cost_usd", "exchanges", "(cost_usd, id)"),
    _Index("ix_exchanges_latency_ms", "exchanges", "(latency_ms, id)"),
    _Index("ix_exchange_texts_asked", "exchange_texts", "using gin (tierwatch_words(request))"),
    _Index("ix_exchange_texts_served", "exchange_texts", "using gin (tierwatch_words(answer))"),
    _Index(
        "ix_alternative_texts_words", "alternative_texts", "using gin (tierwatch_words(answer))"
    ),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set statement_timeout = 0")
        op.execute("set lock_timeout = '5s'")
        op.execute(_WORDS)
        for index in _INDEXES:
            op.execute(f"create index if not exists {index.name} on only {index.table} {index.on}")
            for part in _parts(index.table):
                _index_part(index, part)
        op.execute("reset statement_timeout")
        op.execute("reset lock_timeout")


def _parts(table: str) -> list[str]:
    found = op.get_bind().execute(
        sa.text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = to_regclass(:table) order by 1"
        ),
        {"table": table},
    )
    return list(found.scalars())


def _index_part(index: _Index, part: str) -> None:
    if _attached(index.name, part):
        return
    name = f"{part}_{index.name.removeprefix('ix_').removeprefix(index.table + '_')}"
    state = sa.text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")
    valid = op.get_bind().execute(state, {"name": name}).scalar()
    if valid is False:
        op.execute(f"drop index concurrently {name}")
    if not valid:
        op.execute(f"create index concurrently {name} on {part} {index.on}")
    op.execute(f"alter index {index.name} attach partition {name}")


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
    for index in reversed(_INDEXES):
        op.execute(f"drop index {index.name}")
    op.execute("drop function tierwatch_words(jsonb)")

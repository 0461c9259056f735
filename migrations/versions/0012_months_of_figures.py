"""exchanges, outcomes and verdicts are cut by month, while everything runs.

No row is moved: each table as it is becomes the first partition, from the beginning to a month
that has not begun. What takes long (an index, checking that every row lies before that month) is
done first and blocks nobody; the swap itself changes the catalogue alone. Each step asks what is
there, so a run that was interrupted is simply begun again.

An id begins with its milliseconds, as those of the texts do, so it is the key of the partitions and
stays the whole primary key: two rows with one id are refused as before.
"""

import datetime as dt
import re
import time
import uuid
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op
from psycopg.errors import LockNotAvailable

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MONTHS_AHEAD = 2
# Waiting for a lock holds up everybody who comes after, so wait briefly and often.
_LOCK_WITHIN = "1s"
_TRIES = 120
_PAUSE_S = 0.5
# A month as near as this might begin before the swap is done; rows of it would be refused.
_NEAREST_END = dt.timedelta(days=7)


class _Table(NamedTuple):
    """A table, the column that holds the id, and keys and indexes by name."""

    name: str
    key: str
    keys: dict[str, str]
    indexes: dict[str, str]


_TABLES = (
    _Table(
        "exchanges",
        "id",
        {"pk_exchanges": "primary key (id)"},
        {
            "ix_exchanges_captured_at": "(captured_at)",
            "ix_exchanges_unended": "(captured_at) where ended_at is null",
        },
    ),
    _Table(
        "verdicts",
        "exchange_id",
        {"pk_verdicts": "primary key (exchange_id, judge_version)"},
        {"ix_verdicts_created_at": "(created_at)"},
    ),
    _Table(
        "outcomes",
        "exchange_id",
        {
            "pk_outcomes": "primary key (id, exchange_id)",
            "uq_outcomes_exchange_id_judge_version": "unique (exchange_id, judge_version)",
        },
        {
            "ix_outcomes_boundary_id": "(boundary, id)",
            "ix_outcomes_stream_id": "(stream, id)",
            "ix_outcomes_unobserved": "(id) where position is null",
            "ix_outcomes_position": "(position)",
        },
    ),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        _run("set statement_timeout = 0")
        _run(f"set lock_timeout = '{_LOCK_WITHIN}'")
        for table in _TABLES:
            if not _is_partitioned(table.name):
                _swap(table, _prepare(table))
        _run("reset statement_timeout")
        _run("reset lock_timeout")


def _prepare(table: _Table) -> dt.date:
    """Everything that takes long, beside readers and writers; the month that ends the first part.

    Raises:
        RuntimeError: rows lie beyond that month, by the clock of whoever wrote them.
    """
    end = _checked_end(table)
    beyond = _one(f"select count(*) from {table.name} where {table.key} >= '{_first_id(end)}'")
    if beyond:
        raise RuntimeError(
            f"{beyond} rows of {table.name} are dated {end:%Y-%m-%d} or later, by a clock that was"
            f" wrong; delete those with {table.key} >= '{_first_id(end)}' and migrate again"
        )
    if table.name == "outcomes":
        _build_index("uq_outcomes_id_exchange_id", "unique", "outcomes (id, exchange_id)")
        _build_index("ix_outcomes_position", "", "outcomes (position)")
    check = _check_name(table, end)
    if _one(f"select count(*) from pg_constraint where conname = '{check}'") == 0:
        _when_free(
            f"alter table {table.name} add constraint {check}"
            f" check ({table.key} < '{_first_id(end)}') not valid"
        )
    _when_free(f"alter table {table.name} validate constraint {check}")
    return end


def _checked_end(table: _Table) -> dt.date:
    """The end that an interrupted run has set, unless it is near by now; else the next but one."""
    today = dt.datetime.now(dt.UTC).date()
    found = _one(
        "select string_agg(conname, ' ') from pg_constraint"
        f" where conrelid = '{table.name}'::regclass and conname like 'ck_{table.name}_until_%'"
    )
    if found:
        year, month = re.findall(r"_y(\d{4})m(\d{2})", str(found))[0]
        end = dt.date(int(year), int(month), 1)
        if end - today > _NEAREST_END:
            return end
        _when_free(f"alter table {table.name} drop constraint {_check_name(table, end)}")
    return _following(_following(today.replace(day=1)))


def _build_index(name: str, kind: str, on: str) -> None:
    """Build it beside writers; one that an interrupted run left half built is built again."""
    state = _one(f"select indisvalid from pg_index where indexrelid = to_regclass('{name}')")
    if state is True:
        return
    if state is False:
        _when_free(f"drop index concurrently {name}")
    _when_free(f"create {kind} index concurrently {name} on {on}")


def _swap(table: _Table, end: dt.date) -> None:
    """Put a partitioned table in the place of the old one, which becomes its first part."""
    name, old = table.name, f"{table.name}_until_{_month(end)}"
    statements = [f"lock table {name} in access exclusive mode"]
    if name == "outcomes":
        statements += [
            "alter table outcomes drop constraint uq_outcomes_position",
            "alter table outcomes drop constraint pk_outcomes",
            (
                "alter table outcomes add constraint pk_outcomes"
                " primary key using index uq_outcomes_id_exchange_id"
            ),
            (
                "create temporary table outcomes_next as"
                " select nextval(pg_get_serial_sequence('outcomes', 'id')) as id"
            ),
            "alter table outcomes alter id drop identity",
        ]
    statements += [
        f"alter index {index} rename to {index}_until_{_month(end)}"
        for index in (*table.keys, *table.indexes)
    ]
    statements += [
        f"alter table {name} rename to {old}",
        (
            f"create table {name} (like {old} including defaults including constraints"
            f" including comments) partition by range ({table.key})"
        ),
        f"alter table {name} drop constraint {_check_name(table, end)}",
        *_keys_and_indexes(table),
    ]
    if name == "outcomes":
        statements += [
            "alter table outcomes alter id add generated by default as identity",
            "select setval(pg_get_serial_sequence('outcomes', 'id'), id, false) from outcomes_next",
            "drop table outcomes_next",
        ]
    statements += [
        (
            f"alter table {name} attach partition {old}"
            f" for values from (minvalue) to ('{_first_id(end)}')"
        ),
        f"alter table {old} drop constraint {_check_name(table, end)}",
        *_months(table, end),
        _same_owner_and_grants(old, name),
    ]
    _when_free(";\n".join(statements))


def _keys_and_indexes(table: _Table) -> list[str]:
    return [
        f"alter table {table.name} add constraint {name} {what}"
        for name, what in table.keys.items()
    ] + [f"create index {name} on {table.name} {what}" for name, what in table.indexes.items()]


def _months(table: _Table, first: dt.date) -> list[str]:
    made, month = [], first
    for _ in range(_MONTHS_AHEAD):
        made.append(
            f"create table {table.name}_{_month(month)} partition of {table.name}"
            f" for values from ('{_first_id(month)}') to ('{_first_id(_following(month))}')"
        )
        month = _following(month)
    return made


def _same_owner_and_grants(old: str, new: str) -> str:
    """Who might use the old table may use the new one. Partitions are reached through it."""
    return f"""
do $$
declare had record;
begin
  for had in
    select a.privilege_type, a.is_grantable, a.grantee
    from pg_class c, aclexplode(c.relacl) a
    where c.oid = '{old}'::regclass and a.grantee <> c.relowner
  loop
    execute format('grant %s on {new} to %s%s', had.privilege_type,
      case when had.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(had.grantee)) end,
      case when had.is_grantable then ' with grant option' else '' end);
  end loop;
  execute format('alter table {new} owner to %I',
    (select pg_get_userbyid(relowner) from pg_class where oid = '{old}'::regclass));
end $$"""


def downgrade() -> None:
    """Back to tables of one piece. Rows are copied, so everything waits while this runs."""
    op.execute("set local statement_timeout = 0")
    for table in _TABLES:
        name = table.name
        op.execute(f"lock table {name} in access exclusive mode")
        op.execute(
            f"create table {name}_whole (like {name} including defaults including constraints"
            " including identity including comments)"
        )
        op.execute(f"insert into {name}_whole select * from {name}")
        if name == "outcomes":
            op.execute(
                "select setval(pg_get_serial_sequence('outcomes_whole', 'id'),"
                " nextval(pg_get_serial_sequence('outcomes', 'id')), false)"
            )
        op.execute(f"drop table {name}")
        op.execute(f"alter table {name}_whole rename to {name}")
        for statement in _keys_and_indexes(_as_it_was(table)):
            op.execute(statement)


def _as_it_was(table: _Table) -> _Table:
    if table.name != "outcomes":
        return table
    keys = table.keys | {
        "pk_outcomes": "primary key (id)",
        "uq_outcomes_position": "unique (position)",
    }
    indexes = {name: on for name, on in table.indexes.items() if name != "ix_outcomes_position"}
    return table._replace(keys=keys, indexes=indexes)


def _when_free(statements: str) -> None:
    """Run them as one transaction; where a lock is not to be had at once, later again."""
    for left in reversed(range(_TRIES)):
        try:
            _run(statements)
        except LockNotAvailable:
            if not left:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _run(statements: str) -> None:
    """Statements in one string and without parameters are one transaction to psycopg."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(statements)


def _one(query: str) -> object:
    return op.get_bind().execute(sa.text(query)).scalar()


def _is_partitioned(name: str) -> bool:
    return _one(f"select relkind = 'p' from pg_class where oid = '{name}'::regclass") is True


def _check_name(table: _Table, end: dt.date) -> str:
    return f"ck_{table.name}_until_{_month(end)}"


def _month(month: dt.date) -> str:
    return f"y{month:%Y}m{month:%m}"


def _following(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=32)).replace(day=1)


def _first_id(month: dt.date) -> uuid.UUID:
    midnight = dt.datetime.combine(month, dt.time(), tzinfo=dt.UTC)
    return uuid.UUID(int=int(midnight.timestamp() * 1000) << 80)

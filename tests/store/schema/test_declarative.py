"""A class of annotations is a table, and stands wherever SQLAlchemy takes one."""

import datetime as dt
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import METADATA, Base, Column, column, set_by_database


class SampleRow(Base):
    """A table of every kind of column; taken off the metadata at once, for it is none of ours."""

    __tablename__ = "test_declarative"
    __table_args__ = (
        CheckConstraint("count > 0", name="count"),
        Index("ix_test_declarative_name", "name"),
        {"postgresql_partition_by": "RANGE (id)"},
    )
    id: Column[int] = column(Identity(), primary_key=True)
    name: Column[str]
    nick: Column[str | None]
    count: Column[int] = column(kind=SmallInteger)
    score: Column[float | None]
    at: Column[dt.datetime] = set_by_database()
    other: Column[uuid.UUID | None] = column(unique=True)
    document: Column[Json | None]
    items: Column[JsonList]


METADATA.remove(SampleRow.__table__)


@pytest.fixture
def table() -> Table:
    return SampleRow.__table__


def sql(statement: object) -> str:
    compiled = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[attr-defined]
    return " ".join(compiled.replace("::VARCHAR", "").split())


def test_the_columns_stand_in_the_order_of_the_annotations(table: Table) -> None:
    names = ["id", "name", "nick", "count", "score", "at", "other", "document", "items"]
    assert list(table.columns.keys()) == list(SampleRow.__annotations__) == names


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("id", BigInteger),
        ("name", Text),
        ("count", SmallInteger),
        ("score", Double),
        ("at", DateTime),
        ("other", Uuid),
        ("document", JSONB),
        ("items", JSONB),
    ],
)
def test_a_column_has_its_annotations_type_or_the_one_it_names(
    table: Table, name: str, kind: type
) -> None:
    assert type(table.columns[name].type) is kind


def test_moments_have_a_time_zone_and_no_document_is_the_json_null(table: Table) -> None:
    at, document = table.columns["at"].type, table.columns["document"].type
    assert isinstance(at, DateTime)
    assert at.timezone
    assert isinstance(document, JSONB)
    assert document.none_as_null


def test_only_what_may_be_none_is_nullable(table: Table) -> None:
    assert {one.name for one in table.columns if one.nullable} == {
        *("nick", "score", "other", "document")
    }


def test_options_constraints_and_indexes_reach_the_table(table: Table) -> None:
    assert table.primary_key.columns.keys() == ["id"]
    assert table.columns["at"].server_default is not None
    assert {one.name for one in table.constraints} == {
        *("pk_test_declarative", "uq_test_declarative_other", "ck_test_declarative_count")
    }
    assert {one.name for one in table.indexes} == {"ix_test_declarative_name"}
    assert table.dialect_options["postgresql"]["partition_by"] == "RANGE (id)"


def test_the_class_stands_for_its_table() -> None:
    named = SampleRow.name == "a"
    assert sql(select(SampleRow.id).where(named)) == (
        "SELECT test_declarative.id FROM test_declarative WHERE test_declarative.name = %(name_1)s"
    )
    assert sql(select(SampleRow)) == sql(select(SampleRow.__table__))
    assert sql(delete(SampleRow)) == "DELETE FROM test_declarative"
    assert sql(insert(SampleRow).values(name="a")).startswith(
        "INSERT INTO test_declarative (name) VALUES (%(name)s)"
    )
    assert sql(update(SampleRow).values({SampleRow.name: "a"})) == (
        "UPDATE test_declarative SET name=%(name)s"
    )
    there = exists().where(SampleRow.name == "a")
    assert "EXISTS (SELECT * FROM test_declarative" in sql(select(there))


def test_it_can_be_joined_with_itself_and_written_over() -> None:
    earlier = SampleRow.__table__.alias("earlier")
    joined = select(SampleRow.id).join(earlier, earlier.c.name == SampleRow.nick)
    assert "FROM test_declarative JOIN test_declarative AS earlier ON" in sql(joined)
    new = upsert(SampleRow).values(id=1, count=1)
    written = new.on_conflict_do_update(
        index_elements=[SampleRow.id], set_={"count": new.excluded.count + SampleRow.count}
    )
    assert "ON CONFLICT (id) DO UPDATE SET count =" in sql(written)


@pytest.fixture
def unregistered() -> Iterator[None]:
    before = set(METADATA.tables)
    yield
    for name in set(METADATA.tables) - before:
        METADATA.remove(METADATA.tables[name])


@pytest.mark.usefixtures("unregistered")
def test_a_type_without_one_in_the_database_makes_no_table() -> None:
    with pytest.raises(KeyError, match="complex"):
        type("BadRow", (Base,), {"__tablename__": "bad", "__annotations__": {"z": Column[complex]}})
    assert "bad" not in METADATA.tables


def test_no_process_imports_the_orm_for_its_tables() -> None:
    program = """
import sys
import tierwatch.store.schema.every_table
print("sqlalchemy.orm" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"

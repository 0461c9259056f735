"""Alembic sees every table: each module of tables is imported by one."""

from pathlib import Path

from tierwatch.store import schema
from tierwatch.store.schema.declarative import Base
from tierwatch.store.schema.every_table import METADATA, SUBJECTS

NO_TABLES = {"__init__", "declarative", "every_table", "values"}


def test_every_module_of_tables_is_named() -> None:
    folder = Path(schema.__file__).parent
    there = {file.stem for file in folder.glob("*.py")} - NO_TABLES
    assert {module.__name__.rpartition(".")[2] for module in SUBJECTS} == there


def test_every_row_class_is_in_the_metadata() -> None:
    rows = [one for one in Base.__subclasses__() if one.__module__.startswith("tierwatch.")]
    assert {row.__tablename__ for row in rows} == set(METADATA.tables)
    assert all(row.__name__.endswith("Row") for row in rows)


def test_every_constraint_and_index_has_a_name() -> None:
    # Alembic can only change what has one.
    for table in METADATA.sorted_tables:
        for one in (*table.constraints, *table.indexes):
            assert one.name, (table.name, one)

"""From rows to values: SELECTs of just the columns that a frozen dataclass has fields for."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Select, select

from tierwatch.store.schema.declarative import Base

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# SQLAlchemy types a SELECT by its columns, and these are named by a class at run time;
# tests/store/schema/test_values.py compares each class's fields with its table's columns.
SelectOfFields: TypeAlias = Select[*tuple[Any, ...]]


def select_fields(value: "type[DataclassInstance]", table: type[Base]) -> SelectOfFields:
    """SELECT the columns that a value's fields are named for, in the order of its fields.

    Each row makes a value: ``value(*row)``.

    Raises:
        KeyError: the table has no column of a field's name.
    """
    return select(*(table.__table__.columns[field.name] for field in fields(value)))


def field_names(value: "type[DataclassInstance]") -> str:
    """Names of the columns that `select_fields` takes, as SQL lists them."""
    return ", ".join(field.name for field in fields(value))

"""What every table is declared with: a class whose annotations are its columns.

SQLAlchemy has such classes too, for its ORM. No session of it is used here, and it takes 7 MB and
a tenth of a second of each process.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    NamedTuple,
    TypedDict,
    TypeVar,
    Union,
    Unpack,
    cast,
    get_args,
    get_origin,
)

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import Column as TableColumn
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.elements import ColumnElement, NamedColumn, TextClause
from sqlalchemy.types import TypeEngine

from tierwatch.store.documents import Json, JsonList

T = TypeVar("T")

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=_NAMES)

# What an attribute of a table's class is. SQLAlchemy's own `Column` is that too, but its types let
# it stand in no class but a `TypedColumns`: mypy takes what is read from another for `Never`.
Column = NamedColumn

# Of a column by the type in its annotation, where `column` names no other.
_TYPES: dict[object, TypeEngine[Any]] = {
    Json: JSONB(none_as_null=True),
    JsonList: JSONB(none_as_null=True),
    bool: Boolean(),
    bytes: LargeBinary(),
    dt.date: Date(),
    dt.datetime: DateTime(timezone=True),
    float: Double(),
    int: BigInteger(),
    str: Text(),
    uuid.UUID: Uuid(),
}


class _Options(TypedDict, total=False):
    """What `sqlalchemy.Column` takes by name, as far as a table of ours says it."""

    primary_key: bool
    autoincrement: bool
    nullable: bool
    unique: bool
    index: bool
    server_default: TextClause | ColumnElement[Any]


class _Declared(NamedTuple):
    """What a column has beside its annotation."""

    kind: type[SmallInteger] | None = None
    beside: tuple[SchemaItem, ...] = ()
    options: _Options = _Options()


def column(
    *beside: SchemaItem, kind: type[SmallInteger] | None = None, **options: Unpack[_Options]
) -> Column[T]:
    """A column that has more than its annotation says.

    Args:
        beside: ``Identity()`` and the like.
        kind: its type in the database, where it is not the annotation's.
        options: of `sqlalchemy.Column`.
    """
    # What stands in the class is read, and replaced, once the class is made.
    return cast("Column[T]", _Declared(kind, beside, options))


def set_by_database() -> Column[dt.datetime]:
    """A moment that the database writes."""
    return column(server_default=func.now())


class Base:
    """Every table of tierwatch: a column is ``name: Column[str]``, or has ``= column(...)`` beside.

    A subclass stands wherever SQLAlchemy takes a table, and its attributes are the columns.
    ``__table_args__`` are its constraints, its indexes, and a dictionary of what else it takes.
    """

    __tablename__: ClassVar[str]
    __table__: ClassVar[Table]
    __table_args__: ClassVar[tuple[SchemaItem | Mapping[str, Any], ...]] = ()

    def __init_subclass__(cls) -> None:
        """Make the table of what is declared.

        Raises:
            KeyError: an annotation's type has none in the database.
        """
        columns = [
            _made(name, annotation, cls.__dict__.get(name, _Declared()))
            for name, annotation in cls.__annotations__.items()
        ]
        beside = [one for one in cls.__table_args__ if isinstance(one, SchemaItem)]
        options = {
            name: one
            for given in cls.__table_args__
            if not isinstance(given, SchemaItem)
            for name, one in given.items()
        }
        cls.__table__ = Table(cls.__tablename__, METADATA, *columns, *beside, **options)
        for one in columns:
            setattr(cls, one.name, one)

    @classmethod
    def __clause_element__(cls) -> Table:
        """What SQLAlchemy asks of whatever stands for a table."""
        return cls.__table__


def _made(name: str, annotation: object, declared: _Declared) -> TableColumn[object]:
    """The column of one annotation, ``Column[T]`` or ``Column[T | None]``."""
    (of,) = get_args(annotation)
    either = get_args(of) if isinstance(of, UnionType) or get_origin(of) is Union else (of,)
    kinds = [_TYPES[one] for one in either if one is not NoneType]
    kind = kinds[0] if declared.kind is None else declared.kind()
    options: _Options = {"nullable": NoneType in either, **declared.options}
    return TableColumn(name, kind, *declared.beside, **options)

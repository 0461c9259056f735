"""Parts of a page that are one row each, read together: in one statement, and of one moment.

A page shows many small things beside its large ones: how much waits, how old everything is, what
was spent today. Each of them is cheap, and asking for each costs a round trip and is of another
moment than the one before.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, get_type_hints

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Part(Generic[T_co]):
    """Something that takes one row.

    Attributes:
        columns: SQL expressions, subqueries in parentheses.
        made: what it is, of their values.
    """

    columns: tuple[str, ...]
    made: Callable[..., T_co]


class Parts:
    """Several parts of one moment, each to be taken once or more."""

    def __init__(self, values: Mapping[Part[object], object]) -> None:
        self._values = values

    def __getitem__(self, part: Part[T]) -> T:
        """What the part is."""
        return cast("T", self._values[part])


def read_parts(connection: Connection, *parts: Part[object], **parameters: object) -> Parts:
    """Read parts in one statement.

    Args:
        connection: any.
        parts: each once; two that have a parameter of one name mean the same by it.
        parameters: of all of them.
    """
    columns = ", ".join(column for part in parts for column in part.columns)
    rest = list(connection.execute(text(f"select {columns}"), parameters).one())
    values: dict[Part[object], object] = {}
    for part in parts:
        own, rest = rest[: len(part.columns)], rest[len(part.columns) :]
        values[part] = part.made(*own)
    return Parts(values)


def read_part(connection: Connection, part: Part[T], **parameters: object) -> T:
    """One part alone."""
    return read_parts(connection, part, **parameters)[part]


def json_rows(query: str) -> str:
    """The column that holds all rows of a query, in its order, as a list of JSON objects."""
    return f"(select coalesce(jsonb_agg(to_jsonb(each)), '[]') from ({query}) each)"  # noqa: S608 - ours


def values_of(value: type[V]) -> Callable[[list[dict[str, object]]], list[V]]:
    """What makes values of JSON objects that have a key for each of their fields.

    JSON has moments as text, and a number without a fraction is a whole one.
    """
    hints = get_type_hints(value)
    read = [(field.name, _READ.get(hints[field.name])) for field in fields(value)]

    def made(rows: list[dict[str, object]]) -> list[V]:
        return [value(*(_read(row[name], how) for name, how in read)) for row in rows]

    return made


def _read(found: object, how: Callable[..., object] | None) -> object:
    return found if how is None or found is None else how(found)


def _moment(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written).astimezone(dt.UTC)


_READ: Final[Mapping[object, Callable[[Any], Any]]] = {
    dt.datetime: _moment,
    dt.datetime | None: _moment,
    float: float,
    float | None: float,
}

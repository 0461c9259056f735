"""What every table is declared with: names of constraints, types of columns, one metadata."""

import datetime as dt
from typing import ClassVar

from sqlalchemy import BigInteger, DateTime, Double, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tierwatch.store.documents import Json, JsonList

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of tierwatch."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[object, object]] = {
        Json: JSONB(none_as_null=True),
        JsonList: JSONB(none_as_null=True),
        dt.datetime: DateTime(timezone=True),
        float: Double(),
        str: Text(),
        int: BigInteger(),
    }


def set_by_database() -> Mapped[dt.datetime]:
    """A moment that the database writes."""
    return mapped_column(server_default=func.now())

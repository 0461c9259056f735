"""What `tierwatch simulate` measured, for the judge page."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import JsonList
from tierwatch.store.schema.checks import CertificateRow
from tierwatch.store.schema.values import select_fields


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was measured of an installed version.

    Attributes:
        quick: fewer repetitions than the full certificate has.
        version: of tierwatch.
        seconds: it took.
        rows: one a promise, as `evaluation.simulation` wrote them.
    """

    id: int
    quick: bool
    version: str
    seconds: float
    rows: JsonList
    created_at: dt.datetime


def add_certificate(
    connection: Connection,
    *,
    quick: bool,
    version: str,
    seconds: float,
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Keep a certificate."""
    connection.execute(
        insert(CertificateRow).values(
            quick=quick, version=version, seconds=seconds, rows=[dict(row) for row in rows]
        )
    )


def newest_certificate(connection: Connection) -> Certificate | None:
    """The last certificate that was kept, or None."""
    row = connection.execute(
        select_fields(Certificate, CertificateRow).order_by(CertificateRow.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else Certificate(*row)

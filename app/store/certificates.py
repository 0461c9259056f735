"""What `tierwatch simulate` measured, for the judge page."""

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.checks import CertificateRow


def add_certificate(connection: Connection, **columns: Any) -> None:
    """Keep a certificate: ``quick``, ``version``, ``seconds``, ``rows``."""
    connection.execute(insert(CertificateRow).values(columns))


def newest_certificate(connection: Connection) -> Any:
    """The last certificate that was kept, or None."""
    return connection.execute(
        select(*CertificateRow.__table__.columns).order_by(CertificateRow.id.desc()).limit(1)
    ).one_or_none()

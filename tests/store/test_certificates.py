"""The judge page shows the certificate that was measured last."""

from sqlalchemy import Connection

from tierwatch.store.certificates import add_certificate, newest_certificate


def test_before_anything_was_measured_there_is_none(connection: Connection) -> None:
    assert newest_certificate(connection) is None


def test_the_last_one_counts_whatever_its_version(connection: Connection) -> None:
    rows = [{"promise": "coverage", "verdict": "kept", "measured": 0.951}]
    add_certificate(connection, quick=False, version="0.2.0", seconds=900.0, rows=[])
    add_certificate(connection, quick=True, version="0.1.0", seconds=171.2, rows=rows)
    found = newest_certificate(connection)
    assert found is not None
    assert (found.quick, found.version, found.seconds) == (True, "0.1.0", 171.2)
    assert found.rows == rows

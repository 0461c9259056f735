"""Locks of the whole database, held until a transaction ends."""

from sqlalchemy import Connection, func, select


def try_lock(connection: Connection, key: int) -> bool:
    """Take a lock of the whole database until the transaction ends; False when another has it."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(key))).scalar())


def take_lock(connection: Connection, key: int) -> None:
    """Wait for a lock of the whole database, and hold it until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(key)))

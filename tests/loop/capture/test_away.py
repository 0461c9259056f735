"""What speaks of the server makes a batch wait; what speaks of a value is taken out of it."""

from typing import Any

import psycopg
import psycopg.errors as pg
import pytest
from sqlalchemy import Engine, exc, text

from tierwatch.loop.capture.away import is_away, is_timeout


def wrapped(error: psycopg.Error) -> exc.DBAPIError:
    """As SQLAlchemy wraps it: by the driver's class, not by its code."""
    found = exc.DBAPIError.instance("", {}, error, psycopg.Error)
    assert isinstance(found, exc.DBAPIError)
    return found


@pytest.mark.parametrize(
    "error",
    [
        pg.ReadOnlySqlTransaction(),
        pg.IdleInTransactionSessionTimeout(),
        pg.InFailedSqlTransaction(),
        pg.DiskFull(),
        pg.OutOfMemory(),
        pg.TooManyConnections(),
        pg.AdminShutdown(),
        pg.CannotConnectNow(),
        pg.QueryCanceled(),
        pg.LockNotAvailable(),
        pg.DeadlockDetected(),
        pg.SerializationFailure(),
        pg.UndefinedTable(),
        pg.UndefinedColumn(),
        pg.InsufficientPrivilege(),
        pg.InvalidPassword(),
        pg.InvalidCatalogName(),
        pg.IoError(),
        pg.IndexCorrupted(),
        pg.ConnectionFailure(),
        pg.InvalidSqlStatementName(),
        psycopg.OperationalError("connection refused"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.DatabaseError("lost synchronization with server"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_server_is_away(error: psycopg.Error) -> None:
    assert is_away(error) == bool(error.sqlstate)
    assert is_away(wrapped(error))


@pytest.mark.parametrize(
    "error",
    [
        pg.NumericValueOutOfRange(),
        pg.CharacterNotInRepertoire(),
        pg.NotNullViolation(),
        pg.CheckViolation(),
        pg.UniqueViolation(),
        pg.ProgramLimitExceeded(),
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        psycopg.ProgrammingError("cannot adapt type 'object'"),
        psycopg.NotSupportedError("no such thing"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_batch_is_at_fault(error: psycopg.Error) -> None:
    assert not is_away(wrapped(error))


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (exc.TimeoutError(), True),
        (exc.PendingRollbackError(), True),
        (exc.ResourceClosedError(), True),
        (ConnectionResetError(), True),
        (exc.StatementError("", "", {}, TypeError()), False),
        (exc.CompileError(), False),
        (KeyError("tier"), False),
        (RecursionError(), False),
        (MemoryError(), False),
        (SystemExit(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_code(error: BaseException, *, away: bool) -> None:
    assert is_away(error) == away


def test_a_connection_that_broke_under_a_value_is_away() -> None:
    error = exc.DataError("", {}, psycopg.DataError(), connection_invalidated=True)
    assert is_away(error)


@pytest.mark.parametrize(
    ("statement", "away"),
    [
        ("select * from no_such_table", True),
        ("select no_such_column from rollups", True),
        ("set transaction read only; insert into rollup_flushes values (gen_random_uuid())", True),
        ("set local statement_timeout = 1; select pg_sleep(1)", True),
        ("select 9223372036854775807 + 1", False),
        ("select 'x'::uuid", False),
        ("select '\\u0000'::jsonb -> 'a'", False),
        ("insert into rollup_flushes values (null)", False),
    ],
)
def test_as_postgres_says_it(engine: Engine, statement: str, *, away: bool) -> None:
    error: Any
    with engine.connect() as connection, pytest.raises(exc.DBAPIError) as error:
        connection.execute(text(statement))
    assert is_away(error.value) == away
    assert is_timeout(error.value) == ("pg_sleep" in statement)

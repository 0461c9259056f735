"""The database of one command: open while it works, and one sentence where it cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import InsufficientPrivilege, UndefinedTable
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from tierwatch.errors import DatabaseError
from tierwatch.store.database import build_engine


@contextmanager
def opened_database(url: str) -> Iterator[Engine]:
    """An engine for the work of one command; its connections are closed afterwards.

    Raises:
        DatabaseError: Postgres cannot be reached or refuses us, or has no tables yet.
    """
    engine = build_engine(url)
    try:
        yield engine
    except (OperationalError, InterfaceError) as problem:
        why = str(problem.orig).partition("\n")[0]
        raise DatabaseError(
            f"Postgres cannot be used: {why}; check TIERWATCH_DATABASE_URL and that the server runs"
        ) from problem
    except ProgrammingError as problem:
        if isinstance(problem.orig, InsufficientPrivilege):
            why = str(problem.orig).partition("\n")[0]
            raise DatabaseError(
                f"the role may not do this: {why}; the owner's address is"
                " TIERWATCH_OWNER_DATABASE_URL, and `tierwatch migrate` grants what processes need"
            ) from problem
        if not isinstance(problem.orig, UndefinedTable):
            raise
        raise DatabaseError("the database has no tables yet; run: tierwatch migrate") from problem
    finally:
        engine.dispose()

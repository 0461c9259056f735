"""The database of one command: open while it works, and one sentence where it cannot be used."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable
from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from tierwatch.errors import DatabaseError
from tierwatch.settings import Settings, read_settings, variable
from tierwatch.store.database import build_engine


def settings_here() -> Settings:
    """The settings of a command that works beside what runs already.

    Where no variable names a server, that of the `tierwatch up` in this folder is meant.

    Raises:
        SettingsError: a variable's value is not accepted.
        StackError: the folder's files cannot be read.
    """
    from tierwatch.local import embedded_postgres, embedded_redis

    settings = read_settings()
    if variable("database_url") not in os.environ and (url := embedded_postgres(settings.data_dir)):
        settings = replace(settings, database_url=url)
    if (
        not settings.broker_url
        and variable("redis_url") not in os.environ
        and (url := embedded_redis(settings.data_dir))
    ):
        settings = replace(settings, redis_url=url)
    return settings


@contextmanager
def opened_database(url: str) -> Iterator[Engine]:
    """An engine for the work of one command; its connections are closed afterwards.

    Raises:
        DatabaseError: Postgres cannot be reached or refuses us, or has no tables yet or older ones.
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
        if not isinstance(problem.orig, (UndefinedTable, UndefinedColumn)):
            raise
        raise DatabaseError(f"the database has {_lack(engine, problem.orig)}") from problem
    finally:
        engine.dispose()


def _lack(engine: Engine, problem: Exception) -> str:
    with engine.connect() as connection:
        made = connection.execute(text("select to_regclass('alembic_version')")).scalar()
    if made is None:
        return "no tables yet; run: tierwatch migrate"
    why = str(problem).partition("\n")[0]
    return f"tables of an older version: {why}; run: tierwatch migrate"

"""The database of one command: open while it works, and one sentence where it cannot be used."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable
from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from tierwatch.errors import DatabaseError
from tierwatch.settings import Settings, read_settings, variable
from tierwatch.store.database import build_engine

_SERVERS = ("database_url", "redis_url", "broker_url", "cache_url")


def settings_here(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a command that works beside what runs already.

    Those of the `tierwatch up` or `demo` that runs in this folder, where the environment says
    nothing else. One that names another server than the stack uses means another deployment, and
    then nothing of the stack counts.

    Raises:
        SettingsError: a variable's value is not accepted.
        StackError: the folder's files cannot be read.
    """
    from tierwatch.local import running_stack

    environ = os.environ if environ is None else environ
    own = read_settings(environ)
    stack = running_stack(own.data_dir) or running_stack(own.data_dir / "demo")
    if stack is None:
        return own
    named = {name: environ[name] for name in map(variable, _SERVERS) if name in environ}
    if any(stack.environment.get(name) != url for name, url in named.items()):
        return own
    ours = {name: value for name, value in environ.items() if name.startswith("TIERWATCH_")}
    # A folder of the demo lies below the one that was named.
    ours.pop(variable("data_dir"), None)
    return read_settings({**stack.environment, **ours})


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
        raise DatabaseError(f"Postgres cannot be used: {why}; {_advice(url)}") from problem
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


def _advice(url: str) -> str:
    if url != Settings.database_url or variable("database_url") in os.environ:
        return "check TIERWATCH_DATABASE_URL and that the server runs"
    folder = read_settings().data_dir.absolute()
    return (
        f"no tierwatch runs in {folder}, and TIERWATCH_DATABASE_URL names no server. Start"
        " `tierwatch up`, or set TIERWATCH_DATA_DIR to the folder of the one that runs"
    )


def _lack(engine: Engine, problem: Exception) -> str:
    with engine.connect() as connection:
        made = connection.execute(text("select to_regclass('alembic_version')")).scalar()
    if made is None:
        return "no tables yet; run: tierwatch migrate"
    why = str(problem).partition("\n")[0]
    return f"tables of an older version: {why}; run: tierwatch migrate"

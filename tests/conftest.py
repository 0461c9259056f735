"""Servers for the tests: a real PostgreSQL and a real Redis from the embedded stack."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from tierwatch.local import Stack
from tierwatch.store.database import build_engine
from tierwatch.store.migration import migrate

# The suite that decides whether a change lands asks the same cases each time, and a busy machine
# fails none.
# New cases are looked for with `--hypothesis-profile=search -m hypothesis`.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("same")

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    with Stack(folder, say=lambda _: None, environ=clean) as running:
        yield running
        running.discard()


@pytest.fixture(scope="session")
def database_url(stack: Stack) -> str:
    """A migrated database that tests with a `connection` share and leave as it was."""
    url = stack.start_postgres()
    engine = build_engine(url)
    migrate(engine)
    engine.dispose()
    # A copy nobody touches: rolled-back tests still advance the sequences of the shared one.
    _on_server(url, "create database pristine template tierwatch")
    return url


def _on_server(url: str, statement: str) -> None:
    admin = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as server:
            server.execute(text(statement))
    finally:
        admin.dispose()


@pytest.fixture(scope="session")
def redis_url(stack: Stack) -> str:
    return stack.start_redis()


@pytest.fixture(scope="session")
def _shared_engine(database_url: str) -> Iterator[Engine]:
    """Keeps no connection between tests: an open one would bar the database from being copied."""
    engine = create_engine(database_url, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(_shared_engine: Engine) -> Iterator[Connection]:
    """A connection whose work is taken back after the test; commits inside are savepoints."""
    with _shared_engine.connect() as open_connection:
        transaction = open_connection.begin()
        with open_connection.begin_nested():
            yield open_connection
            transaction.rollback()


def _drop(database_url: str, name: str) -> None:
    """Drop a database; autovacuum may hold it for a moment, and only a superuser may stop that."""
    for _ in range(20):
        try:
            _on_server(database_url, f"drop database {name} with (force)")
        except ProgrammingError:
            time.sleep(0.5)
        else:
            return
    _on_server(database_url, f"drop database {name} with (force)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated database of this test's own: what it commits nobody else sees."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _on_server(database_url, f"create database {name} template pristine")
    own = build_engine(
        make_url(database_url).set(database=name).render_as_string(hide_password=False)
    )
    yield own
    own.dispose()
    _drop(database_url, name)

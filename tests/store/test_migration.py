"""Migrating is safe for many at once."""

import threading

import pytest
from sqlalchemy import Engine, text

from tierwatch.store import migration
from tierwatch.store.migration import migrate


def test_many_may_migrate_at_once(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade; create schema public"))
    problems: list[Exception] = []

    def run() -> None:
        try:
            migrate(engine)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test shows it
            problems.append(problem)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from alembic_version")).scalar_one() == 1


def test_a_migration_that_fails_lets_the_next_one_try(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(migration.command, "upgrade", fail)
    with pytest.raises(RuntimeError, match="half way"):
        migrate(engine)
    monkeypatch.undo()
    held = (
        "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
        " where l.locktype = 'advisory' and d.datname = current_database()"
    )
    with engine.connect() as connection:
        assert connection.execute(text(held)).scalar_one() == 0
    migrate(engine)

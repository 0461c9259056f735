"""At most one version of the task types is active; all that ever were are kept."""

import factories.rows as put
from sqlalchemy import Connection, Engine

from tierwatch.store.learned.type_versions import (
    active_names,
    active_types,
    active_version,
    add_types,
    hold_building,
    last_built,
    names_ever_used,
    next_types_version,
    switch_types_off,
)


def add(connection: Connection, version: int, *names: str) -> None:
    add_types(
        connection,
        version=version,
        artefact=f"types {version}".encode(),
        names=list(names),
        evidence={"rows": version},
        mapping={"old": None, "kept": names[0]},
    )


def test_without_types_nothing_is_active(connection: Connection) -> None:
    assert active_version(connection) == 0
    assert active_types(connection) is None
    assert active_names(connection) == []
    assert next_types_version(connection) == 1
    assert names_ever_used(connection) == set()
    assert not switch_types_off(connection)
    assert last_built(connection) is None


def test_a_version_comes_back_as_it_was(connection: Connection) -> None:
    add(connection, 1, "sql", "code")
    found = active_types(connection)
    assert found is not None
    assert (found.version, found.artefact, found.names) == (1, b"types 1", ["sql", "code"])
    assert found.evidence == {"rows": 1}
    assert found.mapping == {"old": None, "kept": "sql"}


def test_the_newest_version_takes_the_place_of_the_one_before(connection: Connection) -> None:
    add(connection, 1, "sql")
    add(connection, 2, "prose", "sql")
    assert active_version(connection) == 2
    assert active_names(connection) == ["prose", "sql"]
    assert next_types_version(connection) == 3
    assert names_ever_used(connection) == {"sql", "prose"}


def test_switched_off_they_are_kept(connection: Connection) -> None:
    add(connection, 1, "sql")
    assert switch_types_off(connection)
    assert not switch_types_off(connection)
    assert active_types(connection) is None
    assert active_version(connection) == 0
    assert next_types_version(connection) == 2
    assert names_ever_used(connection) == {"sql"}


def test_types_are_built_by_one(engine: Engine) -> None:
    with engine.begin() as first, engine.begin() as second:
        assert hold_building(first)
        assert hold_building(first)
        assert not hold_building(second)
        first.commit()
        assert hold_building(second)


def test_when_they_were_last_built_is_in_the_audit(connection: Connection) -> None:
    put.add_audit_line(connection, "policy/1")
    assert last_built(connection) is None
    put.add_audit_line(connection, "task_types/1")
    assert last_built(connection) is not None

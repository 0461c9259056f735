"""The schema goes up, down and up again, is what the models say, and keeps the audit."""

from collections.abc import Callable
from pathlib import Path

import factories.rows as put
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

import tierwatch_migrations
from tierwatch.routing.policy import Policy
from tierwatch.store.migration import migrate
from tierwatch.store.policies import load_policy


@pytest.fixture
def alembic(engine: Engine) -> Callable[..., None]:
    """Run one of Alembic's commands on the test's database."""

    def run(step: Callable[..., object], *arguments: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(tierwatch_migrations.__file__).parent))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            step(config, *arguments)
            connection.commit()

    return run


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_the_schema_goes_up_down_and_up_again(engine: Engine, alembic: Callable[..., None]) -> None:
    before = tables(engine)
    assert {"exchanges", "outcomes", "audit"} <= before
    alembic(command.downgrade, "base")
    assert tables(engine) == {"alembic_version"}
    with engine.connect() as connection:
        left = connection.execute(
            text("select count(*) from pg_proc where proname = 'refuse_change'")
        )
        assert left.scalar_one() == 0
    alembic(command.upgrade, "head")
    assert tables(engine) == before


def test_rows_of_the_version_before_go_up_and_its_code_goes_on_writing(
    engine: Engine, alembic: Callable[..., None]
) -> None:
    """While a deployment is upgraded, workers of the version before write to the new schema."""
    alembic(command.downgrade, "0019")
    policy = (
        "insert into policies (version, thresholds, by_task, author, reason)"
        " values (:version, '{\"simple\": 0.7}', '{}', 'ada', 'first')"
    )
    with engine.begin() as connection:
        connection.execute(text(policy), {"version": 1})
    alembic(command.upgrade, "head")
    with engine.begin() as connection:
        connection.execute(text(policy), {"version": 2})
        assert load_policy(connection, 1) == Policy(1, {"simple": 0.7})
        assert load_policy(connection, 2) == Policy(2, {"simple": 0.7})
        pair = put.add_pair(connection, 1, "alternative")
        twin = put.add_twin(connection, pair)
        put.add_drain(connection, "simple")
    alembic(command.downgrade, "0019")
    with engine.connect() as connection:
        left = connection.execute(text("select id, direction from exchanges")).all()
    # What the version before would take for a pair of its own is gone.
    assert twin not in [row.id for row in left]
    assert [tuple(row) for row in left] == [(pair, "up")]
    alembic(command.upgrade, "head")


def test_the_models_and_the_schema_are_the_same(alembic: Callable[..., None]) -> None:
    alembic(command.check)  # raises with the differences


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    before = tables(engine)
    migrate(engine)
    assert tables(engine) == before


@pytest.mark.parametrize(
    "change", ["update audit set actor = 'nobody'", "delete from audit", "truncate audit"]
)
def test_the_audit_cannot_be_changed(connection: Connection, change: str) -> None:
    line = "insert into audit (actor, action, subject, detail) values ('ada', 'a', 's', '{}')"
    connection.execute(text(line))
    with (
        pytest.raises(SQLAlchemyError, match="the audit table is append-only"),
        connection.begin_nested(),
    ):
        connection.execute(text(change))
    found = connection.execute(text("select actor from audit")).scalars().all()
    assert found == ["ada"]

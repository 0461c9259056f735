"""Indexes of tables that are cut by month: an upgrade that was interrupted goes on from there."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

import tierwatch_migrations
from tierwatch.store.migration import migrate
from tierwatch.store.traffic.partitions import add_months, parts


@pytest.fixture
def back_to(engine: Engine) -> Callable[[str], None]:
    """Take the database back to a version."""

    def back(version: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(tierwatch_migrations.__file__).parent))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, version)
            connection.commit()

    return back


@pytest.mark.parametrize(
    ("before", "index", "on"),
    [
        ("0026", "ix_outcomes_session", "outcomes (session)"),
        ("0031", "ix_verdicts_unscored", "verdicts (exchange_id) where preferred is null"),
        ("0032", "ix_exchanges_session", "exchanges (session, id)"),
        ("0036", "ix_verdicts_spent", "verdicts (created_at) include (exchange_id, cost_usd)"),
    ],
)
def test_a_month_that_was_added_meanwhile_keeps_the_index_that_it_came_with(
    engine: Engine, back_to: Callable[[str], None], before: str, index: str, on: str
) -> None:
    """Attaching a part gives it the parent's indexes, under names of the server's own."""
    back_to(before)
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=70)
    with engine.begin() as connection:
        table = on.split(maxsplit=1)[0]
        connection.execute(text(f"create index {index} on only {on}"))
        assert add_months(connection, table, later)
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "select count(*), bool_and(x.indisvalid) from pg_index x"
                " where x.indexrelid in (select inhrelid from pg_inherits"
                "                        where inhparent = to_regclass(:index))"
            ),
            {"index": index},
        ).one()
        assert tuple(found) == (len(parts(connection, table)), True)
        valid = text("select indisvalid from pg_index where indexrelid = to_regclass(:index)")
        assert connection.execute(valid, {"index": index}).scalar_one()

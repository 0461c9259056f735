"""Outcomes of before are added up while everything runs, and old workers keep the sums too."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from factories.many_outcomes import drawn_outcomes, put_outcomes
from factories.rows import JUDGE
from sqlalchemy import Engine, text

import tierwatch_migrations
from tierwatch.store.migration import migrate
from tierwatch.store.sums.judged import all_judged
from tierwatch.store.sums.rebuild import rebuild_sums


@pytest.fixture
def before_sums(engine: Engine) -> Callable[[], None]:
    """Take the database back to the version before the sums."""

    def back() -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(tierwatch_migrations.__file__).parent))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0026")
            connection.commit()

    return back


def test_outcomes_of_before_are_added_up(engine: Engine, before_sums: Callable[[], None]) -> None:
    with engine.begin() as connection:
        put_outcomes(connection, drawn_outcomes(1, 60))
        expected = all_judged(connection, JUDGE).by_tier
    before_sums()
    with engine.connect() as connection:
        gone = connection.execute(text("select to_regclass('outcome_sums')")).scalar()
    assert gone is None
    migrate(engine)
    with engine.connect() as connection:
        assert all_judged(connection, JUDGE).by_tier.keys() == expected.keys()
        for tier, found in all_judged(connection, JUDGE).by_tier.items():
            assert found.misroutes.pairs == expected[tier].misroutes.pairs
            assert found.needed.squares == pytest.approx(expected[tier].needed.squares)


def test_a_judge_goes_on_while_the_past_is_added_up(
    engine: Engine, before_sums: Callable[[], None]
) -> None:
    """It inserts as the version before does, which knows no sums."""
    before_sums()
    drawn = drawn_outcomes(2, 150)
    put_first, done = threading.Event(), threading.Event()

    def judge() -> None:
        for number, one in enumerate(drawn):
            with engine.begin() as connection:
                put_outcomes(connection, [one])
            if number == 50:
                put_first.set()
        done.set()

    worker = threading.Thread(target=judge)
    worker.start()
    assert put_first.wait(60)
    migrate(engine)
    worker.join()
    assert done.is_set()
    with engine.connect() as connection:
        kept = all_judged(connection, JUDGE).by_tier
    assert sum(one.inconclusive.pairs for one in kept.values()) == 150
    rebuild_sums(engine)
    with engine.connect() as connection:
        for tier, made in all_judged(connection, JUDGE).by_tier.items():
            assert kept[tier].inconclusive.squares == pytest.approx(made.inconclusive.squares)


def test_an_interrupted_index_is_built_again(
    engine: Engine, before_sums: Callable[[], None]
) -> None:
    before_sums()
    with engine.begin() as connection:
        put_outcomes(connection, drawn_outcomes(3, 20))
        part = connection.execute(
            text(
                "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
                " where i.inhparent = 'outcomes'::regclass order by 1 limit 1"
            )
        ).scalar_one()
        connection.execute(text("create index ix_outcomes_session on only outcomes (session)"))
        connection.execute(text(f"create index {part}_session_idx on {part} (session)"))
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        valid = connection.execute(
            text(
                "select indisvalid from pg_index where indexrelid = 'ix_outcomes_session'::regclass"
            )
        ).scalar_one()
    assert valid

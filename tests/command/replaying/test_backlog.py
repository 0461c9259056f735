"""How far evaluation lags: what has not ended, and what was answered and not counted yet."""

import factories.rows as put
from sqlalchemy import Engine, create_engine

from tierwatch.command.replaying.backlog import Backlog


def test_what_has_not_ended_waits_and_what_is_not_counted_may(engine: Engine) -> None:
    with engine.begin() as connection:
        # Of an earlier run against the same database: not this replay's.
        put.add_rollup(connection, "simple", 50)
    backlog = Backlog(engine)
    assert not backlog.is_long(0)
    with engine.begin() as connection:
        for number in range(3):
            put.add_exchange(connection, number)
        put.add_rollup(connection, "standard", 10)
    backlog.look(answered=25)
    # 25 answered, 10 of them counted; 3 sampled ones have no verdict.
    assert (backlog.uncounted, backlog.waiting) == (15, 18)


def test_a_replay_holds_back_by_what_was_seen_and_answered_since(engine: Engine) -> None:
    backlog = Backlog(engine)
    backlog.look(answered=40)
    # 40 answered and none counted: 60 more may be on their way, 61 may not.
    assert not backlog.is_long(40 + 60)
    assert backlog.is_long(40 + 61)


def test_more_counted_than_answered_is_no_debt(engine: Engine) -> None:
    backlog = Backlog(engine)
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 10)
    backlog.look(answered=4)
    assert (backlog.uncounted, backlog.waiting) == (0, 0)


def test_a_database_that_goes_away_holds_nothing_back(engine: Engine) -> None:
    backlog = Backlog(engine)
    backlog.look(answered=500)
    assert backlog.is_long(500)
    backlog._engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    backlog.look(answered=500)
    assert not backlog.is_long(500)

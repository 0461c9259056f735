"""What is kept is what the outcomes add up to, whoever writes beside it."""

import datetime as dt
import threading

import factories.rows as put
from factories.many_outcomes import drawn_outcomes, put_outcomes
from sqlalchemy import Connection, Engine, text

from tierwatch.store.schema.judgements import OutcomeSumRow
from tierwatch.store.sums.rebuild import rebuild_sums

KEYS = [one.name for one in OutcomeSumRow.__table__.columns if one.primary_key]
NUMBERS = [one.name for one in OutcomeSumRow.__table__.columns if not one.primary_key]


def kept(connection: Connection) -> dict[tuple[object, ...], list[float]]:
    rows = connection.execute(text(f"select {', '.join(KEYS + NUMBERS)} from outcome_sums"))  # noqa: S608 - ours
    return {tuple(row[: len(KEYS)]): [round(one, 6) for one in row[len(KEYS) :]] for row in rows}


def test_what_is_made_again_is_what_was_kept(engine: Engine) -> None:
    with engine.begin() as connection:
        put_outcomes(connection, drawn_outcomes(1, 90))
        put_outcomes(connection, drawn_outcomes(2, 30), judge_version="another")
        before = kept(connection)
    assert rebuild_sums(engine) == 4
    with engine.connect() as connection:
        assert kept(connection) == before


def test_what_was_spoilt_is_mended_and_days_without_outcomes_stay(engine: Engine) -> None:
    with engine.begin() as connection:
        put_outcomes(connection, drawn_outcomes(1, 40))
        put.add_outcome(connection, 30 * 86_400, 1.0)
        before = kept(connection)
        connection.execute(text("delete from outcomes where request_no = 2592000"))
        connection.execute(text("update outcome_sums set up_weight = 7 where task_type = 'sql'"))
        connection.execute(text("delete from outcome_sums where task_type = 'chat'"))
    assert rebuild_sums(engine) == 4
    with engine.connect() as connection:
        assert kept(connection) == before


def test_nothing_is_nothing(engine: Engine) -> None:
    assert rebuild_sums(engine) == 0


def test_outcomes_that_come_meanwhile_count_once(engine: Engine) -> None:
    """Conversations that several workers judge at once, while the sums are made again."""
    drawn = drawn_outcomes(5, 120, days=1.5)
    begun = threading.Barrier(4)

    def write(part: int) -> None:
        begun.wait(30)
        for one in drawn[part::3]:
            with engine.begin() as connection:
                put_outcomes(connection, [one])

    writers = [threading.Thread(target=write, args=(part,)) for part in range(3)]
    for writer in writers:
        writer.start()
    begun.wait(30)
    while any(writer.is_alive() for writer in writers):
        rebuild_sums(engine)
    for writer in writers:
        writer.join()
    with engine.connect() as connection:
        found = kept(connection)
        pairs = connection.execute(
            text(
                "select sum(up_pairs + down_pairs) from outcome_sums where span = 'hour'"
                " and task_type = '*'"
            )
        ).scalar_one()
    assert pairs == 120
    rebuild_sums(engine)
    with engine.connect() as connection:
        assert kept(connection) == found


def test_hours_and_days_are_those_of_the_exchange(connection: Connection) -> None:
    at = dt.datetime(2026, 11, 23, 23, 59, 59, 999_000, tzinfo=dt.UTC)
    row = connection.execute(
        text("select arrival_of(first_id_of(:at)) as at, first_id_of(:at) as id"), {"at": at}
    ).one()
    assert row.at == at
    assert str(row.id).startswith(f"{int(at.timestamp() * 1000):012x}"[:8])

"""A batch that times out by itself costs what of it is too slow, and holds up nothing behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.collaborators import build_recorder, counts, rows, scalar, served
from sqlalchemy import Engine, create_engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture import postgres
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.writer import _PATIENCE

WITHIN_MS = 300
SLOW = """
create function slow() returns trigger language plpgsql as
    $$ begin perform pg_sleep(20); return new; end $$;
create trigger slow before insert on exchanges for each row
    when (new.provider = 'slow') execute function slow()
"""


@pytest.fixture
def hurried(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A Postgres in which rows of one provider take longer than a statement may."""
    monkeypatch.setattr(postgres, "_PART_WITHIN_MS", WITHIN_MS)
    with engine.begin() as connection:
        connection.execute(text(SLOW))
    timed = create_engine(engine.url, connect_args={"options": f"-c statement_timeout={WITHIN_MS}"})
    yield timed
    timed.dispose()


def letters(folder: Path) -> list[Letter]:
    return [one for one in DeadLetters(folder / "spool", max_bytes=1).letters() if one]


def test_the_row_that_is_too_slow_goes_apart_and_the_rest_is_stored(
    engine: Engine, hurried: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(hurried, dispatch, tmp_path)
    good = [served() for _ in range(4)]
    slow = served(provider="slow")
    for exchange in (*good[:3], slow):
        recorder.record(exchange)
    for _ in range(_PATIENCE):
        recorder.flush()
        assert recorder.away  # as far as anybody can tell
        assert counts(engine) == (0, 0, 0)
    recorder.record(good[3])  # behind it in the spool
    recorder.flush()
    assert not recorder.away
    stored = {row.id for row in rows(engine, "select id from exchanges")}
    assert stored == {one.exchange_id for one in good}
    assert counts(engine) == (5, 5, 1)
    (letter,) = letters(tmp_path)
    assert (letter.what, letter.exchange_ids) == ("exchange", [str(slow.exchange_id)])
    assert "57014" in letter.cause


def test_where_everything_is_slow_nothing_is_given_up(
    engine: Engine,
    hurried: Engine,
    dispatch: KeptDispatch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "_MOST_TIMEOUTS", 3)
    recorder = build_recorder(hurried, dispatch, tmp_path)
    for _ in range(8):
        recorder.record(served(provider="slow"))
    for _ in range(2 * _PATIENCE + 2):
        recorder.flush()
        assert recorder.away
    assert letters(tmp_path) == []
    assert counts(engine) == (0, 0, 0)
    with engine.begin() as connection:
        connection.execute(text("drop trigger slow on exchanges"))
    recorder.flush()
    assert counts(engine) == (8, 8, 0)
    assert scalar(engine, "select count(*) from exchanges") == 8
    assert letters(tmp_path) == []

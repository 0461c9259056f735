"""A file's calls by the intake's door: group by group, and what an outage leaves for the next."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from factories.sources import CONFIG, ENVIRON
from fakes.intake import RunningIntake, now
from sqlalchemy import Engine, create_engine, text

from tierwatch.config import load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import DatabaseError
from tierwatch.intake.build import build_importing
from tierwatch.intake.calls import Call, Readings
from tierwatch.intake.keeping import importing as module
from tierwatch.intake.keeping.importing import Importing
from tierwatch.settings import read_settings


def call(number: int) -> Call:
    return Call(
        source_id=f"r-{number}",
        trace="",
        session="",
        started_at=now(),
        asked="fast",
        model="gpt-5-mini-2",
        provider="",
        request={"messages": [{"role": "user", "content": f"What is {number}?"}]},
        answer={"role": "assistant", "content": "A number."},
        finish_reason="stop",
        finished=True,
    )


def built(
    engine: Engine, folder: Path, source: str = "app", *, spool_max_mb: int = 10
) -> Importing:
    (folder / "tierwatch.yaml").write_text(CONFIG)
    settings = replace(
        read_settings({}),
        config=folder / "tierwatch.yaml",
        data_dir=folder / "data",
        spool_max_mb=spool_max_mb,
    )
    return build_importing(
        source,
        settings,
        load_config(settings.config),
        engine=engine,
        dispatch=KeptDispatch(),
        environ=ENVIRON,
        policies=lambda: None,
    )


@pytest.fixture
def nowhere() -> Iterator[Engine]:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    yield engine
    engine.dispose()


def counts(engine: Engine) -> dict[str, int]:
    asked = "select what, sum(calls)::int as calls from source_counts group by 1"
    with engine.connect() as connection:
        return {row.what: row.calls for row in connection.execute(text(asked))}


def test_a_group_is_stored_with_what_was_passed_over(engine: Engine, tmp_path: Path) -> None:
    with built(engine, tmp_path) as importing:
        importing.add(Readings((call(1), call(2)), {"frame": 3}))
        importing.add(Readings((call(1),), {"frame": 1}))
        assert counts(engine) == {}
        importing.write()
        assert (importing.stored, importing.repeats, importing.counted["frame"]) == (2, 1, 4)
        importing.write()  # nothing is left
    assert counts(engine) == {"calls": 2, "sampled": 2, "frame": 4, "repeat": 1}


def test_what_came_live_counts_once_under_the_same_name(engine: Engine, tmp_path: Path) -> None:
    for _ in range(2):
        with built(engine, tmp_path) as importing:
            importing.add(Readings((call(1),)))
            importing.write()
    with built(engine, tmp_path, "another") as importing:
        importing.add(Readings((call(1),)))
        importing.write()
        assert importing.repeats == 0
    assert counts(engine)["calls"] == 2


def test_a_group_is_full_at_its_bound(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GROUP", 2)
    with built(engine, tmp_path) as importing:
        importing.add(Readings((call(1),)))
        assert not importing.full
        importing.add(Readings((call(2),)))
        assert importing.full
        importing.write()
        assert not importing.full


def test_without_postgres_a_group_waits_and_the_intake_stores_it(
    engine: Engine, nowhere: Engine, tmp_path: Path
) -> None:
    with built(nowhere, tmp_path) as importing:
        importing.add(Readings((call(1),)))
        with pytest.raises(DatabaseError, match="waits on disk"):
            importing.write()
    with RunningIntake(engine, tmp_path) as intake:
        intake.stored(1)
    assert counts(engine)["calls"] == 1


def test_the_next_import_stores_what_the_last_one_left(
    engine: Engine, nowhere: Engine, tmp_path: Path
) -> None:
    with built(nowhere, tmp_path) as importing:
        importing.add(Readings((call(1),)))
        with pytest.raises(DatabaseError, match="waits on disk"):
            importing.write()
    with pytest.raises(DatabaseError, match="Postgres cannot be used"), built(nowhere, tmp_path):
        pytest.fail("it begins without Postgres, and something waits")
    with built(engine, tmp_path) as importing:
        assert importing.stored == 1


def test_a_full_journal_says_what_empties_it(nowhere: Engine, tmp_path: Path) -> None:
    with built(nowhere, tmp_path, spool_max_mb=0) as importing:
        importing.add(Readings((call(1),)))
        with pytest.raises(DatabaseError, match="TIERWATCH_SPOOL_MAX_MB"):
            importing.write()


def test_a_call_that_cannot_be_admitted_is_counted_and_hinders_no_other(
    engine: Engine, tmp_path: Path
) -> None:
    with built(engine, tmp_path) as importing:
        broken = call(1)._replace(started_at="yesterday")  # type: ignore[arg-type]
        importing.add(Readings((broken, call(2))))
        importing.write()
    assert (counts(engine)["calls"], counts(engine)["unadmitted"]) == (1, 1)

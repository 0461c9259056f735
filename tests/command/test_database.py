"""Commands that need Postgres, while it is away or empty: one sentence, no traceback."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories.stacks import write_running
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from tierwatch.command import database, main
from tierwatch.command.database import opened_database, settings_here
from tierwatch.command.plan import plan
from tierwatch.errors import DatabaseError
from tierwatch.settings import Settings, read_settings

# Nothing listens on port 1: the connection is refused at once.
AWAY = "postgresql+psycopg://tierwatch:hunter2@127.0.0.1:1/tierwatch"


@pytest.mark.parametrize(
    "words",
    [
        ["migrate"],
        ["users", "add", "ada"],
        ["tokens", "add", "ci"],
        ["types"],
        ["types", "--off"],
        ["replay-policy", "--threshold", "simple=0.6"],
    ],
    ids=" ".join,
)
def test_a_database_that_is_away_is_one_sentence(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", AWAY)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Postgres cannot be used: connection failed")
    assert done.stderr.endswith("; check TIERWATCH_DATABASE_URL and that the server runs\n")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_the_connections_are_closed_when_the_work_is_done(url: str) -> None:
    with opened_database(url) as engine:
        with engine.connect() as connection:
            assert connection.execute(text("select 1")).scalar_one() == 1
        assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_a_database_without_tables_names_the_command_that_makes_them(url: str) -> None:
    with (
        pytest.raises(DatabaseError, match="no tables yet; run: tierwatch migrate"),
        opened_database(without_tables(url)) as engine,
        engine.connect() as connection,
    ):
        connection.execute(text("select * from no_such_table"))


@pytest.mark.parametrize(
    ("statement", "lacking"),
    [
        ("select * from to_come", 'relation "to_come" does not exist'),
        ("select to_come from exchanges", 'column "to_come" does not exist'),
    ],
)
def test_tables_of_the_version_before_name_the_command_that_mends_them(
    url: str, statement: str, lacking: str
) -> None:
    with (
        pytest.raises(DatabaseError) as said,
        opened_database(url) as engine,
        engine.connect() as connection,
    ):
        connection.execute(text(statement))
    assert str(said.value) == (
        f"the database has tables of an older version: {lacking}; run: tierwatch migrate"
    )


def test_a_faulty_statement_is_our_fault_and_keeps_its_traceback(url: str) -> None:
    with (
        pytest.raises(ProgrammingError),
        opened_database(url) as engine,
        engine.connect() as connection,
    ):
        connection.execute(text("selekt"))


def without_tables(url: str) -> str:
    return make_url(url).set(database="postgres").render_as_string(hide_password=False)


@pytest.fixture
def url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("TIERWATCH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TIERWATCH_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("below", [".", "demo"])
def test_commands_mean_the_stack_that_runs_in_this_folder(
    folder: Path, url: str, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_here() == read_settings()
    place = folder / below
    write_running(place, database_url=url, gateway_port="9000", data_dir=str(place))
    found = settings_here()
    assert (found.database_url, found.gateway_port, found.data_dir) == (url, 9000, place)
    assert CliRunner().invoke(main, ["users", "add", "ada"]).exit_code == 0
    assert "ada" in CliRunner().invoke(main, ["users", "list"]).stdout
    # What the caller says himself counts.
    monkeypatch.setenv("TIERWATCH_GATEWAY_PORT", "9001")
    assert settings_here().gateway_port == 9001


def test_whoever_names_another_server_means_another_deployment(
    folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_running(
        folder, database_url=url, redis_url="redis://:s3@127.0.0.1:1/0", gateway_port="9000"
    )
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", AWAY)
    assert settings_here() == read_settings()
    # The same one is the same deployment: `up` was started with this variable.
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)
    assert settings_here().redis_url == "redis://:s3@127.0.0.1:1/0"
    monkeypatch.setenv("TIERWATCH_BROKER_URL", "amqp://me:secret@127.0.0.1:5672/")
    assert settings_here() == read_settings()
    assert settings_here().redis_url == ""


@pytest.mark.parametrize("words", [["users", "list"], ["tokens", "list"], ["types"], ["plan"]])
def test_where_nothing_runs_the_sentence_says_what_to_start(
    folder: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = folder / "tierwatch.yaml"
    config.write_text("routing: {tiers: {a: {model: s, cost: 1}, b: {model: l, cost: 2}}}")
    monkeypatch.setenv("TIERWATCH_CONFIG", str(config))
    # The default's port may be somebody's here.
    monkeypatch.setattr(Settings, "database_url", AWAY)
    monkeypatch.setattr(
        database, "settings_here", lambda: replace(read_settings(), database_url=AWAY)
    )
    monkeypatch.setattr(plan, "settings_here", database.settings_here)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Postgres cannot be used: connection failed")
    assert f"no tierwatch runs in {folder}" in done.stderr
    assert "Start `tierwatch up`" in done.stderr
    assert "hunter2" not in done.stderr

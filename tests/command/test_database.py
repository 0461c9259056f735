"""Commands that need Postgres, while it is away or empty: one sentence, no traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from tierwatch.command import main
from tierwatch.command.database import opened_database, settings_here
from tierwatch.errors import DatabaseError
from tierwatch.settings import read_settings

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


def test_commands_mean_the_stack_of_this_folder_unless_told_otherwise(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIERWATCH_DATABASE_URL", raising=False)
    monkeypatch.delenv("TIERWATCH_REDIS_URL", raising=False)
    monkeypatch.setenv("TIERWATCH_DATA_DIR", str(tmp_path))
    assert settings_here() == read_settings()
    (tmp_path / "ports.json").write_text('{"postgres": 1}')
    (tmp_path / "credentials.json").write_text('{"postgres": "hunter2"}')
    assert settings_here().database_url == AWAY
    done = CliRunner().invoke(main, ["users", "list"])
    assert "port 1 " in done.stderr
    assert "hunter2" not in done.stderr
    own = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", own)
    assert settings_here().database_url == own
    assert CliRunner().invoke(main, ["users", "add", "ada"]).exit_code == 0
    assert "ada" in CliRunner().invoke(main, ["users", "list"]).stdout


def test_the_redis_of_this_folder_is_meant_unless_a_broker_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIERWATCH_REDIS_URL", raising=False)
    monkeypatch.setenv("TIERWATCH_DATA_DIR", str(tmp_path))
    (tmp_path / "ports.json").write_text('{"redis": 1}')
    (tmp_path / "credentials.json").write_text('{"redis": "hunter2"}')
    assert settings_here().redis_url == "redis://:hunter2@127.0.0.1:1/0"
    assert settings_here().database_url == read_settings().database_url
    monkeypatch.setenv("TIERWATCH_BROKER_URL", "amqp://me:secret@127.0.0.1:5672/")
    assert settings_here().redis_url == ""
    monkeypatch.delenv("TIERWATCH_BROKER_URL")
    monkeypatch.setenv("TIERWATCH_REDIS_URL", "redis://127.0.0.1:6380/0")
    assert settings_here().redis_url == "redis://127.0.0.1:6380/0"

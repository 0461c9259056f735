"""`tierwatch users` and `tokens`: secrets that are printed once and work."""

import re

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.store.people.users import check_password


@pytest.fixture
def _database(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.usefixtures("_database")
def test_the_printed_password_lets_in_once_and_must_be_changed(engine: Engine) -> None:
    done = run("users", "add", "ada", "--role", "approver")
    assert done.exit_code == 0, done.output
    found = re.fullmatch(r"ada \(approver\), one-time password: (\S+)\n", done.output)
    assert found
    with engine.begin() as connection:
        person = check_password(connection, "ada", found[1])
        assert person is not None
        assert person.role == "approver"
        assert check_password(connection, "ada", "guess") is None


@pytest.mark.usefixtures("_database")
def test_nobody_may_do_anything_unless_asked_for(engine: Engine) -> None:
    assert "bob (viewer)" in run("users", "add", "bob").output
    again = run("users", "add", "bob")
    assert again.exit_code == 1
    assert "bob" in again.output
    assert "Traceback" not in again.output
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from users").scalar() == 1


@pytest.mark.usefixtures("_database")
def test_a_name_that_is_none_is_wrong_use() -> None:
    assert run("users", "add", " ").exit_code == 2

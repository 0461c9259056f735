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


def password_in(result: Result) -> str:
    found = re.search(r"one-time password: (\S+)", result.output)
    assert found, result.output
    return found[1]


@pytest.mark.usefixtures("_database")
def test_an_account_from_its_beginning_to_its_end(engine: Engine) -> None:
    run("users", "add", "root", "--role", "admin")
    first = password_in(run("users", "add", "ada"))
    assert run("users", "role", "ada", "approver").output == "ada (approver)\n"
    second = password_in(run("users", "reset", "ada"))
    with engine.connect() as connection:
        assert check_password(connection, "ada", first) is None
        person = check_password(connection, "ada", second)
        assert person is not None
        assert (person.role, person.must_change) == ("approver", True)
    assert run("users", "disable", "ada").output == "ada is disabled\n"
    with engine.connect() as connection:
        assert check_password(connection, "ada", second) is None
    assert "disabled" in run("users", "list").output
    assert run("users", "enable", "ada").output == "ada may enter again\n"
    with engine.connect() as connection:
        assert check_password(connection, "ada", second) is not None
    assert run("users", "remove", "ada").output == "ada is removed\n"
    assert run("users", "list").output.split() == ["root", "admin", "one-time", "never", "password"]


@pytest.mark.usefixtures("_database")
def test_who_logs_in_elsewhere_has_no_password(engine: Engine) -> None:
    done = run("users", "add", "grace", "--role", "reviewer", "--subject", "https://id.example|17")
    assert done.output == "grace (reviewer), enters as https://id.example|17\n"
    assert "https://id.example|17" in run("users", "list").output
    reset = run("users", "reset", "grace")
    assert reset.exit_code == 2
    assert "grace has no password here" in reset.output


@pytest.mark.usefixtures("_database")
@pytest.mark.parametrize("command", [["role", "viewer"], ["disable"], ["remove"]])
def test_the_last_admin_stays(command: list[str]) -> None:
    run("users", "add", "root", "--role", "admin")
    what, *more = command
    done = run("users", what, "root", *more)
    assert done.exit_code == 1
    assert done.output == "root is the last admin; make somebody else an admin first\n"


@pytest.mark.usefixtures("_database")
@pytest.mark.parametrize(
    "command", [["role", "eve", "viewer"], ["reset", "eve"], ["disable", "eve"], ["enable", "eve"],
                ["remove", "eve"]],
)  # fmt: skip
def test_nobodys_account_is_wrong_use(command: list[str]) -> None:
    done = run("users", *command)
    assert done.exit_code == 2
    assert "found no user 'eve'; see them with `tierwatch users list`" in done.output


@pytest.mark.usefixtures("_database")
def test_the_audit_names_the_command_line(engine: Engine) -> None:
    run("users", "add", "root", "--role", "admin")
    run("users", "add", "ada")
    run("users", "remove", "ada")
    with engine.connect() as connection:
        lines = connection.exec_driver_sql("select actor, action from audit order by id").all()
    assert [tuple(line) for line in lines] == [
        ("command line", "user.added"),
        ("command line", "user.added"),
        ("command line", "user.removed"),
    ]

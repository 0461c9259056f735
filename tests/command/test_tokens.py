"""`tierwatch tokens`: a bearer token that is shown once."""

import datetime as dt

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.store.people.tokens import find_token, tokens
from tierwatch.store.people.users import add_user

NOW = dt.datetime.now(dt.UTC)


def test_the_printed_token_is_found_and_only_its_hash_is_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)
    done = CliRunner().invoke(main, ["tokens", "add", "ci", "--role", "reviewer"])
    assert done.exit_code == 0, done.output
    token = done.output.strip()
    with engine.connect() as connection:
        person = find_token(connection, token, now=NOW)
        assert person is not None
        assert person.role == "reviewer"
        assert find_token(connection, token + "x", now=NOW) is None
        kept = connection.exec_driver_sql("select t::text from tokens t").scalar_one()
        assert token not in kept
    again = CliRunner().invoke(main, ["tokens", "add", "ci"])
    assert again.exit_code == 1


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["tokens", *arguments])


@pytest.fixture
def _database(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)


@pytest.mark.usefixtures("_database")
def test_a_token_has_an_end_unless_asked_otherwise(engine: Engine) -> None:
    for arguments in (["ci"], ["cron", "--expires", "never"], ["day", "--expires", "1d"]):
        assert run("add", *arguments).exit_code == 0
    with engine.connect() as connection:
        ends = {one.name: one.ends_at for one in tokens(connection)}
    assert ends["cron"] is None
    for name, days in (("ci", 90), ("day", 1)):
        end = ends[name]
        assert end is not None
        assert abs(end - NOW - dt.timedelta(days=days)) < dt.timedelta(hours=12)


@pytest.mark.usefixtures("_database")
def test_tokens_are_listed_without_what_is_secret(engine: Engine) -> None:
    secret = run("add", "ci", "--role", "admin").output.strip()
    run("add", "a-longer-name", "--expires", "never")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update tokens set ends_at = '2026-01-02 03:04Z' where name = 'ci'"
        )
    listed = run("list").output
    assert listed.splitlines() == [
        "a-longer-name  viewer  nobody's  ends   never              used never",
        "ci             admin   nobody's  ended  2026-01-02T03:04Z  used never",
    ]
    assert secret not in listed


@pytest.mark.usefixtures("_database")
def test_a_revoked_token_is_gone(engine: Engine) -> None:
    token = run("add", "ci").output.strip()
    assert run("revoke", "ci").output == "ci is revoked\n"
    with engine.connect() as connection:
        assert find_token(connection, token, now=NOW) is None
    again = run("revoke", "ci")
    assert again.exit_code == 2
    assert "found no token 'ci'" in again.output
    assert run("list").output == ""


@pytest.mark.usefixtures("_database")
@pytest.mark.parametrize("expires", ["tomorrow", "0d", "90"])
def test_an_end_that_is_none_is_wrong_use(expires: str) -> None:
    done = run("add", "ci", "--expires", expires)
    assert done.exit_code == 2
    assert "accepted: days as 90d" in done.output


@pytest.mark.usefixtures("_database")
def test_an_owner_is_a_user_or_refused(engine: Engine) -> None:
    refused = run("add", "ci", "--owner", "ada")
    assert refused.exit_code == 2
    assert "owner: found 'ada'; accepted: the name of a user" in refused.output
    with engine.begin() as connection:
        add_user(connection, "ada", "correct horse battery", "viewer")
    assert run("add", "ci", "--owner", "ada").exit_code == 0
    assert run("list").output.split()[:3] == ["ci", "viewer", "ada"]

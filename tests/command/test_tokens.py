"""`tierwatch tokens`: a bearer token that is shown once."""

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.store.people.tokens import find_token


def test_the_printed_token_is_found_and_only_its_hash_is_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)
    done = CliRunner().invoke(main, ["tokens", "add", "ci", "--role", "reviewer"])
    assert done.exit_code == 0, done.output
    token = done.output.strip()
    with engine.connect() as connection:
        person = find_token(connection, token)
        assert person is not None
        assert person.role == "reviewer"
        assert find_token(connection, token + "x") is None
        kept = connection.exec_driver_sql("select t::text from tokens t").scalar_one()
        assert token not in kept
    again = CliRunner().invoke(main, ["tokens", "add", "ci"])
    assert again.exit_code == 1

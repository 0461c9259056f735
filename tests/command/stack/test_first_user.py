"""Where the dashboard is, and who may enter it first."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from tierwatch.command.stack.first_user import say_dashboard
from tierwatch.settings import read_settings
from tierwatch.store.people.users import check_password


def test_admin_is_made_once_and_keeps_the_password_that_was_set(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    settings = replace(read_settings({}), database_url=url, dashboard_port=9001)
    say_dashboard(settings)
    said = capsys.readouterr().out
    found = re.fullmatch(
        r"dashboard  http://127\.0\.0\.1:9001  user admin, one-time password (\S+)\n", said
    )
    assert found
    with engine.begin() as connection:
        assert check_password(connection, "admin", found[1]) is not None
    say_dashboard(settings)
    assert "(user admin, with the password you set)" in capsys.readouterr().out

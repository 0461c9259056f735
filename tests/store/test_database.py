"""Connections give up soon and tell nothing."""

import time

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from tierwatch.store.database import build_engine


def setting(engine: Engine, name: str) -> str:
    with engine.connect() as connection:
        return str(
            connection.execute(text("select current_setting(:name)"), {"name": name}).scalar()
        )


def test_an_error_does_not_tell_what_was_to_be_stored(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text("select :said from nowhere"), {"said": "a private prompt"})
    assert "nowhere" in str(caught.value)
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statement_timeout", "1min"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "2min"),
        ("application_name", "tierwatch"),
    ],
)
def test_no_connection_waits_for_ever(engine: Engine, name: str, value: str) -> None:
    assert setting(engine, name) == value


def test_a_server_that_is_not_there_is_given_up_on_soon() -> None:
    engine = build_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_timeout_s=1)
    began = time.monotonic()
    with pytest.raises(OperationalError):
        engine.connect()
    assert time.monotonic() - began < 5


def test_a_connection_that_was_cut_is_replaced(engine: Engine) -> None:
    with engine.connect() as connection:
        pid = connection.execute(text("select pg_backend_pid()")).scalar_one()
    other = build_engine(engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    other.dispose()
    with engine.connect() as connection:
        assert connection.execute(text("select pg_backend_pid()")).scalar_one() != pid

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError


def test_an_error_does_not_tell_what_was_to_be_stored(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text("select :said from nowhere"), {"said": "a private prompt"})
    assert "nowhere" in str(caught.value)
    assert "private" not in str(caught.value)

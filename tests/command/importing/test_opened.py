"""The door of a command: opened, closed, and away when Postgres is."""

from dataclasses import replace
from pathlib import Path

import pytest
from factories.sources import CONFIG
from sqlalchemy import Engine

from tierwatch.command.importing.opened import opened_importing
from tierwatch.config import load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import DatabaseError
from tierwatch.intake.calls import Readings
from tierwatch.settings import Settings, read_settings


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        data_dir=tmp_path / "data",
        database_url=engine.url.render_as_string(hide_password=False),
    )


def test_what_is_added_is_counted_under_the_source(settings: Settings) -> None:
    config = load_config(settings.config)
    with opened_importing(
        "old", settings, config, environ={}, dispatch=KeptDispatch()
    ) as importing:
        importing.add(Readings((), {"frame": 2}))
        importing.write()
        assert importing.counted == {"frame": 2}


def test_without_postgres_nothing_is_opened(settings: Settings) -> None:
    away = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    with (
        pytest.raises(DatabaseError),
        opened_importing(
            "old", away, load_config(away.config), environ={}, dispatch=KeptDispatch()
        ),
    ):
        raise AssertionError("it was opened")

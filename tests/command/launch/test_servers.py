"""Servers made ready: emptied for a demo, migrated, with a first policy."""

import re
from dataclasses import replace
from pathlib import Path

import factories.rows as put
import pytest
import redis
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.command.launch.servers import empty_servers, prepare_database, say_dashboard
from tierwatch.command.replaying.effective_config import DEMO_CONFIG
from tierwatch.config import load_config
from tierwatch.settings import read_settings
from tierwatch.store.people.users import check_password


def test_a_demo_starts_from_nothing_and_has_the_configuration_s_policy(
    engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    broker = redis_url.removesuffix("/0") + "/8"
    settings = replace(
        read_settings({}),
        database_url=engine.url.render_as_string(hide_password=False),
        redis_url=broker,
        data_dir=tmp_path,
    )
    config = load_config(DEMO_CONFIG)
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 10)
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "left.jsonl").write_text("{}")
    with redis.Redis.from_url(broker) as client:
        client.set("left", 1)
        empty_servers(settings)
        assert client.dbsize() == 0
    assert list((tmp_path / "spool").iterdir()) == []

    prepare_database(settings, config)
    assert scalar(engine, "select count(*) from rollups") == 0
    (policy,) = rows(engine, "select version, thresholds from policies")
    assert policy.thresholds == dict(config.initial_policy.thresholds)
    # Twice is once: a second start finds what is there.
    prepare_database(settings, config)
    assert scalar(engine, "select count(*) from policies") == 1


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

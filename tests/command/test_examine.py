"""What a running tierwatch needs, each thing there and away."""

import datetime as dt
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import factories.rows as put
import pytest
from sqlalchemy import Engine, make_url, text

import tierwatch_migrations
from tierwatch.command.examine import (
    Finding,
    findings,
    media_findings,
    months_finding,
    schema_finding,
)
from tierwatch.loop.compare.first_judge import weigh
from tierwatch.settings import Settings, read_settings

WHOLE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers: {own: {kind: openai, api_key: env:OWN_KEY}}
evaluation: {judge: {model: judge-1, cost: 1}}
"""


@pytest.fixture
def settings(engine: Engine, redis_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(WHOLE)
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        database_url=engine.url.render_as_string(hide_password=False),
        redis_url=redis_url,
    )


def newest_migration() -> str:
    versions = Path(tierwatch_migrations.__file__).parent / "versions"
    return max(file.name.partition("_")[0] for file in versions.glob("[0-9]*.py"))


def found(settings: Settings, **environ: str) -> dict[str, Finding]:
    return {one.what: one for one in findings(settings, {"OWN_KEY": "k"} | environ)}


def test_where_everything_is_there_everything_is_fine(settings: Settings) -> None:
    seen = found(settings)
    assert list(seen) == [
        *("configuration", "prices", "media", "postgres", "schema", "months", "audit"),
        *("media table", "redis", "spool", "dead letters"),
    ]
    # One role for everything, as in the embedded stack, and no key that seals media.
    assert [name for name, one in seen.items() if one.warning] == ["media", "audit"]
    assert all(one.ok for one in seen.values())
    assert seen["audit"].detail.startswith("role tierwatch could rewrite it: it owns the tables")
    assert "tiers simple, complex; judge pairwise" in seen["configuration"].detail
    assert seen["postgres"].detail.startswith("version 18")
    assert seen["schema"].detail == f"version {newest_migration()}"
    assert seen["redis"].detail == "answers"
    assert seen["media table"].detail.endswith(" MB")


def test_whether_media_are_kept_and_why_not(settings: Settings) -> None:
    def media(settings: Settings) -> Finding:
        (one,) = media_findings(settings)
        return one

    without = media(settings)
    assert (without.ok, without.warning) == (True, True)
    assert "TIERWATCH_MEDIA_KEY is not set" in without.detail
    assert "not evaluated" in without.detail
    key = b64encode(bytes(32)).decode()
    kept = media(replace(settings, media_key=key))
    assert kept == Finding("media", ok=True, detail="kept for 7 days, sealed")
    assert key not in kept.detail
    settings.config.write_text(WHOLE.replace("{judge:", "{media: false, judge:"))
    off = media(settings)
    assert (off.ok, off.warning) == (True, False)
    assert "evaluation.media: false" in off.detail
    settings.config.write_text("routing: 3")
    assert media_findings(settings) == []


def test_servers_that_are_away_are_named_with_the_setting_to_look_at(settings: Settings) -> None:
    away = replace(
        settings,
        database_url="postgresql+psycopg://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
    )
    seen = found(away)
    assert not seen["postgres"].ok
    assert "check TIERWATCH_DATABASE_URL and that the server runs" in seen["postgres"].detail
    assert "\n" not in seen["postgres"].detail
    assert "schema" not in seen
    assert not seen["redis"].ok
    assert "check TIERWATCH_REDIS_URL. Until it is back, rows wait" in seen["redis"].detail


def test_tables_of_an_older_version_fail_and_say_what_to_run(
    settings: Settings, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0016'"))
    url = engine.url.render_as_string(hide_password=False)
    schema = found(replace(settings, database_url=url))["schema"]
    assert not schema.ok
    assert schema.detail == (
        f"version 0016, and this tierwatch needs {newest_migration()}; run: tierwatch migrate"
    )


@pytest.mark.parametrize(
    ("version", "ok", "warning"),
    [("3", True, False), ("2", False, False), ("none", False, False), ("4", True, True)],
)
def test_a_newer_schema_is_an_upgrade_under_way(version: str, *, ok: bool, warning: bool) -> None:
    seen = schema_finding(version, ["3", "2", "1"])
    assert (seen.ok, seen.warning) == (ok, warning)
    assert version in seen.detail
    assert ("tierwatch migrate" in seen.detail) is not ok


@pytest.mark.parametrize(
    ("end", "ok", "warning"),
    [
        (dt.date(2031, 4, 1), True, False),
        (dt.date(2031, 2, 1), True, True),
        (dt.date(2031, 1, 2), True, True),
        (dt.date(2031, 1, 1), False, True),
    ],
)
def test_months_that_do_not_lie_ahead_are_said(end: dt.date, *, ok: bool, warning: bool) -> None:
    ends = {"outcomes": end, "exchanges": dt.date(2031, 9, 1)}
    found = months_finding(ends, dt.date(2031, 1, 1))
    assert (found.ok, found.warning) == (ok, warning)
    assert found.detail.startswith(f"outcomes takes rows until {end}")
    assert ("check that beat and a worker run" in found.detail) is warning


def test_tables_that_are_not_cut_yet_say_what_to_run() -> None:
    found = months_finding({"outcomes": None}, dt.date(2031, 1, 1))
    assert not found.ok
    assert "tierwatch migrate" in found.detail


def test_a_broker_beside_redis_is_looked_at_as_well(settings: Settings) -> None:
    seen = found(replace(settings, broker_url="amqp://127.0.0.1:1/"))
    assert seen["redis"].ok
    assert not seen["rabbitmq"].ok
    assert "check TIERWATCH_BROKER_URL. Until it is back, rows wait" in seen["rabbitmq"].detail


def test_a_redis_that_is_no_broker_costs_no_evaluation(settings: Settings) -> None:
    broker = settings.redis_url
    apart = replace(settings, broker_url=broker, redis_url="redis://127.0.0.1:1/0")
    found_both = [one for one in findings(apart, {"OWN_KEY": "k"}) if one.what == "redis"]
    assert [one.ok for one in found_both] == [True, False]
    assert "Until it is back, gateways share nothing" in found_both[1].detail


def test_a_database_without_tables_says_what_to_run(settings: Settings) -> None:
    empty = make_url(settings.database_url).set(database="postgres")
    seen = found(replace(settings, database_url=empty.render_as_string(hide_password=False)))
    assert seen["postgres"].ok
    assert not seen["schema"].ok
    assert seen["schema"].detail == "no tables yet; run: tierwatch migrate"


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (WHOLE.replace("15", "cheap"), "tierwatch.yaml:4: routing.tiers.complex.cost"),
        (
            WHOLE.replace("providers: {own: {kind: openai, api_key: env:OWN_KEY}}\n", ""),
            "no provid",
        ),
    ],
)
def test_a_mistake_in_the_file_is_said_once(settings: Settings, config: str, what: str) -> None:
    settings.config.write_text(config)
    seen = found(settings)
    assert not seen["configuration"].ok
    assert what in seen["configuration"].detail
    # Neither stands in the way of looking at the servers.
    assert seen["redis"].ok


def test_a_cheaper_judge_that_is_not_asked_first_is_a_warning(
    settings: Settings, engine: Engine
) -> None:
    two = "{model: judge-1, cost: 1, first: {model: cheap-1, cost: 0.1}}"
    Path(settings.config).write_text(WHOLE.replace("{model: judge-1, cost: 1}", two))
    seen = found(settings)["first judge"]
    assert seen.ok
    assert seen.warning
    assert "have not been put to it" in seen.detail
    off = found(replace(settings, anchors_every_s=0.0))["first judge"]
    assert "TIERWATCH_ANCHORS_EVERY_S" in off.detail
    alone, together = "pairwise/v2/judge-1", "pairwise/v2/cheap-1 then pairwise/v2/judge-1"
    with engine.begin() as connection:
        put.add_anchors(connection, 330, 408, judge=together)
        put.add_anchors(connection, 332, 408, judge=alone)
        weigh(connection, alone=alone, together=together)
    seen = found(settings)["first judge"]
    assert not seen.warning
    assert seen.detail.startswith(f"{together} is asked: ")

"""Settings come from the environment once, and a bad one is named."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from tierwatch.errors import SettingsError, UsageError
from tierwatch.settings import Settings, read_settings, settings_table, variable


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"HOME": "/root", "PATH": "x"}) == Settings()


def test_each_value_is_read_with_its_type() -> None:
    found = read_settings(
        {
            "TIERWATCH_CONFIG": "/etc/tierwatch.yaml",
            "TIERWATCH_GATEWAY_PORT": "9000",
            "TIERWATCH_OBSERVE_EVERY_S": "0.5",
            "TIERWATCH_WORKER_THREADS": "4",
            "TIERWATCH_TRUSTED_PROXIES": "10.0.0.1/8, 2001:db8::/32,192.0.2.7",
            "TIERWATCH_LOG_LEVEL": "WARNING",
            "TIERWATCH_LOG_FORMAT": "JSON",
        }
    )
    assert found.config == Path("/etc/tierwatch.yaml")
    assert (found.gateway_port, found.observe_every_s, found.worker_threads) == (9000, 0.5, 4)
    assert (found.log_level, found.log_format) == ("warning", "json")
    assert found.trusted_proxies == "10.0.0.0/8,2001:db8::/32,192.0.2.7/32"


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("GATEWAY_PORT", "http", "1 to 65535"),
        ("GATEWAY_PORT", "0", "1 to 65535"),
        ("DASHBOARD_PORT", "65536", "1 to 65535"),
        ("OBSERVE_EVERY_S", "0", "more than 0"),
        ("SWEEP_EVERY_S", "-1", "more than 0"),
        ("CLAIM_S", "inf", "more than 0"),
        ("RETUNE_EVERY_S", "nan", "more than 0"),
        ("WORKER_THREADS", "0", "1 or more"),
        ("SPOOL_MAX_MB", "1.5", "1 or more"),
        ("ANCHORS_EVERY_S", "-1", "more than 0, or off"),
        ("PROBES_EVERY_S", "never", "more than 0, or off"),
        ("TRUSTED_PROXIES", "proxy.local", "networks as 10.0.0.0/8, separated by commas"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "networks as 10.0.0.0/8, separated by commas"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("LOG_FORMAT", "xml", "console or json"),
    ],
)
def test_a_bad_value_names_its_variable_what_was_found_and_what_is_accepted(
    name: str, value: str, accepted: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({f"TIERWATCH_{name}": value})
    assert str(refused.value) == f"TIERWATCH_{name}: found '{value}'; accepted: {accepted}"
    assert isinstance(refused.value, UsageError)  # exit code 2


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"TIERWATCH_LOG_LEVEL": "loud", "TIERWATCH_GATEWAY_PORT": "x"})
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "TIERWATCH_GATEWAY_PORT",
        "TIERWATCH_LOG_LEVEL",
    ]


def test_an_unknown_variable_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(SettingsError, match="TIERWATCH_PROT: no such setting; known are ") as no:
        read_settings({"TIERWATCH_PROT": "1"})
    assert "TIERWATCH_GATEWAY_PORT" in str(no.value)


def test_secrets_are_not_shown() -> None:
    secrets = {
        "TIERWATCH_DATABASE_URL": "postgresql+psycopg://a:hunter2@h/d",
        "TIERWATCH_OWNER_DATABASE_URL": "postgresql+psycopg://o:hunter2@h/d",
        "TIERWATCH_REDIS_URL": "redis://:hunter2@h/0",
        "TIERWATCH_BROKER_URL": "amqp://a:hunter2@h/v",
        "TIERWATCH_CACHE_URL": "redis://:hunter2@h/1",
        "TIERWATCH_SECRET_KEY": "hunter2" * 5,
        "TIERWATCH_METRICS_TOKEN": "hunter2" * 3,
        "TIERWATCH_MEDIA_KEY": "hunter2" * 6 + "A=",  # 32 bytes in base64
    }
    found = read_settings(secrets)
    assert "hunter2" in found.database_url
    assert "hunter2" not in repr(found)
    shown = {item.name for item in fields(Settings) if not item.repr}
    assert shown == {variable.removeprefix("TIERWATCH_").lower() for variable in secrets}


def test_the_table_has_a_row_for_each_setting() -> None:
    table = settings_table()
    assert [row[0] for row in table] == [variable(item.name) for item in fields(Settings)]
    assert ("TIERWATCH_GATEWAY_PORT", "8420", "The gateway's port. Accepted: 1 to 65535.") in table
    assert all(row[2].endswith(".") for row in table)


@pytest.mark.parametrize("off", ["off", "0", "0.0"])
def test_what_runs_by_the_clock_can_be_turned_off(off: str) -> None:
    assert read_settings({"TIERWATCH_PROBES_EVERY_S": off}).probes_every_s == 0


def test_every_default_is_accepted_when_it_is_written_down() -> None:
    written = {
        variable(item.name): str(item.default) for item in fields(Settings) if item.default != ""
    }
    assert read_settings(written) == Settings()


def test_every_setting_has_a_help_that_says_what_is_accepted() -> None:
    for item in fields(Settings):
        assert item.metadata["help"].endswith("."), item.name
        assert item.metadata["accepted"], item.name


@pytest.mark.parametrize("share", ["1", "0.25", "1e-3"])
def test_a_share_of_the_evalsets_may_be_all_of_them(share: str) -> None:
    found = read_settings({"TIERWATCH_EVALSET_SHARE": share})
    assert found.evalset_share == float(share)


@pytest.mark.parametrize("share", ["0", "1.01", "-0.5", "nan", "half"])
def test_a_share_of_the_evalsets_is_above_0_and_at_most_1(share: str) -> None:
    with pytest.raises(SettingsError, match="more than 0, at most 1"):
        read_settings({"TIERWATCH_EVALSET_SHARE": share})


@pytest.mark.parametrize("port", ["1", "65535", " 8000 "])
def test_every_port_is_accepted(port: str) -> None:
    assert read_settings({"TIERWATCH_GATEWAY_PORT": port}).gateway_port == int(port)


def test_a_bad_secret_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_text: str) -> str:
        raise ValueError

    (item,) = [one for one in fields(Settings) if one.name == "redis_url"]
    monkeypatch.setattr(item, "metadata", dict(item.metadata) | {"read": refuse})
    with pytest.raises(SettingsError) as refused:
        read_settings({"TIERWATCH_REDIS_URL": "redis://:hunter2@h/0"})
    assert str(refused.value).startswith("TIERWATCH_REDIS_URL: found a value; accepted: redis://")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["amqp://u:p@h:5672/v", "amqps://h", "redis://:p@h:6379/0", "rediss://h/1", "AMQP://h//"],
)
def test_a_broker_may_be_redis_or_rabbitmq(url: str) -> None:
    found = read_settings({"TIERWATCH_BROKER_URL": url})
    assert found.broker == url
    # Gateways share what they know only where a Redis is named for it.
    assert found.shared_url == ""


@pytest.mark.parametrize(
    "url",
    ["kafka://h", "sqs://", "memory://", "h:5672", "amqp://", "amqp:h", "redis://:p@h:none/0", " "],
)
def test_any_other_broker_is_one_sentence_that_says_what_is_accepted(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"TIERWATCH_BROKER_URL": url})
    (said,) = str(refused.value).splitlines()
    assert said.startswith("TIERWATCH_BROKER_URL: found a value; accepted: redis://")
    assert "amqp://user:password@host:port/vhost" in said


def test_redis_is_the_broker_unless_another_is_named() -> None:
    assert read_settings({}).broker == Settings().redis_url
    named = {"TIERWATCH_BROKER_URL": "amqp://h/", "TIERWATCH_REDIS_URL": "redis://r/0"}
    found = read_settings(named)
    assert (found.broker, found.shared_url) == ("amqp://h/", "redis://r/0")
    cached = read_settings(named | {"TIERWATCH_CACHE_URL": "redis://c/0"})
    assert cached.shared_url == "redis://c/0"


def test_no_broker_at_all_is_refused() -> None:
    with pytest.raises(SettingsError, match="names no broker either; accepted: redis://"):
        read_settings({"TIERWATCH_REDIS_URL": ""})
    assert read_settings({"TIERWATCH_REDIS_URL": "", "TIERWATCH_BROKER_URL": "amqp://h/"})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().gateway_port = 1  # type: ignore[misc] # refused, which is what is tested


def test_the_environment_of_the_process_is_read_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIERWATCH_WORKER_THREADS", "7")
    assert read_settings().worker_threads == 7


@given(
    name=st.sampled_from([item.name for item in fields(Settings)]),
    value=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12),
)
def test_any_value_is_read_or_named(name: str, value: str) -> None:
    try:
        found = read_settings({variable(name): value})
    except SettingsError as refused:
        assert str(refused).startswith(f"{variable(name)}: found ")  # noqa: PT017 - either outcome is right
        return
    assert type(getattr(found, name)) is type(getattr(Settings(), name)) or name == "data_dir"


def test_every_default_is_accepted_when_it_is_written_out() -> None:
    """A parent passes each setting on to its children, the empty ones too."""
    written = {
        variable(item.name): str(getattr(Settings(), item.name)) for item in fields(Settings)
    }
    assert read_settings(written) == Settings()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/d",
        "postgresql+psycopg://u:p/w:1@h:5432/d",
        "postgresql+psycopg://u@[::1]:5432/d",
        "postgresql:///d?host=/run/postgresql",
    ],
)
def test_a_database_is_named_as_sqlalchemy_reads_it(url: str) -> None:
    assert read_settings({"TIERWATCH_DATABASE_URL": url}).database_url == url
    assert make_url(url).database == "d"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "d",
        "postgres://h/d",
        "sqlite:///d",
        "mysql://h/d",
        "postgresql://h:x/d",
        "postgresql://",
    ],
)
def test_what_names_no_postgres_is_refused_before_anything_connects(url: str) -> None:
    with pytest.raises(SettingsError, match="accepted: postgresql\\+psycopg://user"):
        read_settings({"TIERWATCH_DATABASE_URL": url})
    if url:
        with pytest.raises(SettingsError, match="TIERWATCH_OWNER_DATABASE_URL"):
            read_settings({"TIERWATCH_OWNER_DATABASE_URL": url})

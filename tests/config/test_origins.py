from pathlib import Path

import pytest

from tierwatch.config.origins import HIDDEN, environment_values, file_values, masked
from tierwatch.config.secrets import GatewayKey, Secret
from tierwatch.errors import ConfigError, SettingsError

FILE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers:
  lab: {kind: openai, base_url: "http://127.0.0.1:9/v1", timeout: 2m, api_key: env:LAB}
evaluation:
  tolerance: {simple: 0.05}
gateway:
  api_keys: [env:ONE, {name: team, key: env:TWO}]
notify:
  - {url: "https://hooks.example/T0/B0/secretpath"}
  - {url: env:HOOK}
"""


@pytest.fixture
def values(tmp_path: Path) -> dict[str, tuple[str, str]]:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(FILE)
    return {one.key: (one.value, one.origin) for one in file_values(str(path))}


def test_a_value_is_as_it_was_written_with_its_line(values: dict[str, tuple[str, str]]) -> None:
    assert values["routing.tiers.simple.model"] == ("small-1", "line 3")
    assert values["providers.lab.timeout"] == ("2m", "line 6")
    assert values["evaluation.tolerance"] == ("simple: 0.05", "line 8")


def test_a_value_that_nobody_wrote_is_a_default(values: dict[str, tuple[str, str]]) -> None:
    assert values["providers.lab.max_concurrency"] == ("64", "default")
    assert values["providers.lab.proxy"] == ("none", "default")
    assert values["evaluation.sample_rate"][1] == "default"


def test_no_secret_is_among_them(values: dict[str, tuple[str, str]]) -> None:
    assert values["providers.lab.api_key"][0] == "env:LAB"
    assert values["providers.lab.base_url"][0] == "http://127.0.0.1:9/v1"
    assert values["gateway.api_keys"][0] == "env:ONE, name: team, key: env:TWO"
    assert values["notify[0].url"][0] == HIDDEN
    assert values["notify[1].url"][0] == "env:HOOK"
    assert "secretpath" not in str(values)


def test_a_file_that_is_not_accepted(tmp_path: Path) -> None:
    path = tmp_path / "tierwatch.yaml"
    path.write_text("routing: {tiers: 3}\n")
    with pytest.raises(ConfigError):
        file_values(str(path))


def test_the_environment_with_its_origins() -> None:
    given = {
        "TIERWATCH_SECRET_KEY": "s" * 40,
        "TIERWATCH_DATABASE_URL": "postgresql+psycopg://ada:hunter2@db/x",
        "TIERWATCH_OBSERVE_EVERY_S": "2.5",
        "OTHER": "x",
    }
    found = {one.key: (one.value, one.origin) for one in environment_values(given)}
    assert found["TIERWATCH_SECRET_KEY"] == ("set (hidden)", "environment")
    assert found["TIERWATCH_DATABASE_URL"] == ("set (hidden)", "environment")
    assert found["TIERWATCH_MEDIA_KEY"] == ("not set", "default")
    assert found["TIERWATCH_OBSERVE_EVERY_S"] == ("2.5", "environment")
    assert found["TIERWATCH_CONFIG"] == ("tierwatch.yaml", "default")
    assert "OTHER" not in found
    assert "hunter2" not in str(found)


def test_an_environment_that_is_not_accepted() -> None:
    with pytest.raises(SettingsError):
        environment_values({"TIERWATCH_GATEWAY_PORT": "x"})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Secret("KEY"), "env:KEY"),
        (GatewayKey("team", Secret("KEY")), "team env:KEY"),
        (GatewayKey("", Secret("KEY")), "env:KEY"),
        ("x" * 40, HIDDEN),
        ("https://lab.example/v1?api-key=1", "https://lab.example/v1?(hidden)"),
        (False, "false"),
        (0, "0"),
        (1e-7, "1e-07"),
        (["a", 1], "a, 1"),
        ({}, "none"),
    ],
)
def test_values_as_they_may_be_shown(value: object, shown: str) -> None:
    assert masked(value) == shown

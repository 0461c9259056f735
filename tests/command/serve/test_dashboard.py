"""`tierwatch dashboard`: it does not start without a secret, and serves where it is told to."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tierwatch import dashboard as pages
from tierwatch.command.serve.dashboard import metrics_are_open, run_dashboard
from tierwatch.config import load_config
from tierwatch.errors import ConfigError, SettingsError
from tierwatch.settings import Settings, read_settings

CONFIG = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
"""


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        database_url=engine.url.render_as_string(hide_password=False),
        secret_key="k" * 32,
    )


@pytest.mark.parametrize("key", ["", "k" * 31])
def test_a_secret_that_is_short_says_how_to_make_one(settings: Settings, key: str) -> None:
    with pytest.raises(SettingsError, match=r"TIERWATCH_SECRET_KEY must have 32 .* Make one with"):
        run_dashboard(replace(settings, secret_key=key))


def test_it_serves_at_its_address_and_knows_the_gateway_s(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(pages, "serve", lambda *given, **_: served.append(given))
    run_dashboard(replace(settings, dashboard_host="127.0.0.2", dashboard_port=9001))
    ((app, host, port),) = served
    assert (host, port) == ("127.0.0.2", 9001)
    assert app.test_client().get("/healthz").status_code == 200


def test_a_mistake_in_the_file_starts_nothing(settings: Settings) -> None:
    settings.config.write_text(CONFIG.replace("15", "cheap"))
    with pytest.raises(ConfigError, match=r"routing\.tiers\.complex\.cost"):
        run_dashboard(settings)


@pytest.mark.parametrize(
    ("host", "keys", "token", "is_open"),
    [
        ("127.0.0.1", "[]", "", True),
        ("localhost", "[]", "", True),
        ("::1", "[]", "", True),
        ("127.0.0.1", "[env:KEY]", "", False),
        ("127.0.0.1", "[]", "for-prometheus-only", False),
        ("0.0.0.0", "[]", "", False),  # noqa: S104 - as containers do
        ("::", "[]", "", False),
        ("10.0.0.7", "[]", "", False),
        ("dashboard", "[]", "", False),
    ],
)
def test_metrics_are_open_where_nobody_else_can_ask(
    settings: Settings, host: str, keys: str, token: str, *, is_open: bool
) -> None:
    settings.config.write_text(CONFIG + f"gateway: {{api_keys: {keys}}}\n")
    config = load_config(settings.config)
    reached = replace(settings, dashboard_host=host, metrics_token=token)
    assert metrics_are_open(reached, config) == is_open


@pytest.mark.parametrize(
    ("url", "proxies", "people", "is_open"),
    [
        ("", "", "", True),
        ("http://localhost:8421", "", "", True),
        ("http://127.0.0.1:8421", "", "", True),
        ("http://[::1]:8421", "", "", True),
        ("https://watch.example", "", "", False),
        ("https://watch.example/tierwatch", "", "", False),
        ("", "127.0.0.1", "", False),
        ("", "", "people: {proxy: {trusted: [127.0.0.1], roles: {viewer: ['*']}}}\n", False),
    ],
)
def test_metrics_are_closed_behind_a_proxy_on_the_same_machine(
    settings: Settings, url: str, proxies: str, people: str, *, is_open: bool
) -> None:
    """It connects from loopback, and those whom it serves come from anywhere."""
    settings.config.write_text(CONFIG + people)
    reached = replace(settings, dashboard_url=url, trusted_proxies=proxies)
    assert metrics_are_open(reached, load_config(settings.config)) == is_open


@pytest.mark.parametrize("token", ["short", "x" * 15])
def test_a_token_that_can_be_guessed_is_refused(token: str) -> None:
    said = "TIERWATCH_METRICS_TOKEN: found a value; accepted: 16 or more characters"
    with pytest.raises(SettingsError, match=said):
        read_settings({"TIERWATCH_METRICS_TOKEN": token})

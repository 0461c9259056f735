"""Who is notified of an alert, and by which address people find it."""

from pathlib import Path
from typing import Any

import pytest
from factories.config import ARTICLE, load

from tierwatch.errors import SettingsError
from tierwatch.notify.webhook import WebhookDestination
from tierwatch.runtime.notifier import (
    build_destinations,
    build_heartbeat,
    build_tester,
    dashboard_site,
    notify_rules,
    silence_rules,
)
from tierwatch.settings import Settings

HOOKS = "notify: [{url: 'https://a/x'}, {name: ops, url: env:HOOK, secret: env:SIGN}]\n"
ENVIRON = {"HOOK": "https://b/secret-path", "SIGN": "s3cret"}


def test_without_webhooks_the_log_is_notified(tmp_path: Path) -> None:
    [log] = build_destinations(load(tmp_path, ARTICLE), {})
    assert (log.name, log.kind) == ("log", "log")


def test_every_webhook_is_a_destination_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = build_destinations(load(tmp_path, ARTICLE + HOOKS), ENVIRON)
    assert [(one.name, one.kind) for one in found] == [
        ("log", "log"),
        ("webhook 1", "webhook"),
        ("ops", "webhook"),
    ]
    first, second = found[1:]
    assert isinstance(first, WebhookDestination)
    assert isinstance(second, WebhookDestination)
    assert (first.url, first.secret) == ("https://a/x", None)
    assert (second.url, second.secret) == ("https://b/secret-path", "s3cret")
    assert "secret-path" not in repr(found)


@pytest.mark.parametrize(
    ("settings", "site"),
    [
        ({}, "http://127.0.0.1:8421"),
        ({"dashboard_host": "10.0.0.1", "dashboard_port": 90}, "http://10.0.0.1:90"),
        ({"dashboard_url": "https://watch.example/"}, "https://watch.example"),
    ],
)
def test_alerts_link_to_the_dashboard(settings: dict[str, Any], site: str) -> None:
    assert dashboard_site(Settings(**settings)) == site


@pytest.mark.parametrize(
    ("section", "repeat_s", "give_up_s"),
    [
        ("", 14_400.0, 604_800.0),
        ("alerts: {repeat: 30m, give_up: 2d}\n", 1_800.0, 172_800.0),
        ("alerts: {repeat: off}\n", None, 604_800.0),
    ],
)
def test_how_often_and_how_long_is_configured(
    tmp_path: Path, section: str, repeat_s: float | None, give_up_s: float
) -> None:
    rules = notify_rules(Settings(), load(tmp_path, ARTICLE + section))
    assert (rules.repeat_s, rules.give_up_s) == (repeat_s, give_up_s)
    assert rules.site == "http://127.0.0.1:8421"


@pytest.mark.parametrize("missing", ["HOOK", "SIGN"])
def test_a_secret_that_is_not_set_is_named_when_the_process_starts(
    tmp_path: Path, missing: str
) -> None:
    environ = {key: value for key, value in ENVIRON.items() if key != missing}
    with pytest.raises(SettingsError, match=f"{missing}: found nothing"):
        build_destinations(load(tmp_path, ARTICLE + HOOKS), environ)


def test_a_process_without_the_secrets_starts_and_says_so_when_it_is_asked(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + HOOKS)
    send = build_tester(Settings(), config, {})
    with pytest.raises(SettingsError, match="HOOK: found nothing"):
        send("ada")
    [trial] = build_tester(Settings(), load(tmp_path, ARTICLE), {})("ada")
    assert (trial.destination, trial.taken) == ("log", True)


def test_silence_and_the_heartbeat_are_as_configured(tmp_path: Path) -> None:
    usual = load(tmp_path, ARTICLE)
    assert silence_rules(usual).traffic_s == 900.0
    assert build_heartbeat(usual, {}) is None
    section = "alerts: {no_data: off, heartbeat: {url: env:BEAT, every: 30s}}\n"
    chosen = load(tmp_path, ARTICLE + section)
    assert silence_rules(chosen).traffic_s is None
    heartbeat = build_heartbeat(chosen, {"BEAT": "https://b/secret"})
    assert heartbeat is not None
    assert (heartbeat.url, heartbeat.every_s) == ("https://b/secret", 30.0)
    with pytest.raises(SettingsError, match="BEAT: found nothing"):
        build_heartbeat(chosen, {})

"""Who is notified of an alert, and by which address people find it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories.config import ARTICLE, load

from tierwatch.errors import SettingsError
from tierwatch.runtime import notifier as module
from tierwatch.runtime.notifier import notifier
from tierwatch.settings import Settings

HOOKS = "notify: [{url: 'https://a/x'}, {url: env:HOOK, secret: env:SIGN}]\n"
ALERT = {"id": "7", "type": "alert.opened", "timestamp": "2026-11-30T00:00:00Z", "tier": "simple"}

Sent = list[httpx.Request]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What goes over the network; every receiver takes it."""
    requests: Sent = []

    def take(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(204)

    real = httpx.Client
    monkeypatch.setattr(module.httpx, "Client", lambda: real(transport=httpx.MockTransport(take)))
    return requests


def built(
    folder: Path, text: str, **settings: Any
) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    environ = {"HOOK": "https://b/secret-path", "SIGN": "s3cret"}
    return notifier(Settings(**settings), load(folder, ARTICLE + text), environ)


def test_without_webhooks_the_log_is_notified(tmp_path: Path, sent: Sent) -> None:
    deliveries = built(tmp_path, "")(ALERT)
    assert [(one["destination"], one["ok"]) for one in deliveries] == [("log", True)]
    assert sent == []


def test_every_webhook_is_notified_in_the_order_of_the_file(tmp_path: Path, sent: Sent) -> None:
    deliveries = built(tmp_path, HOOKS)(ALERT)
    assert [one["destination"] for one in deliveries] == ["log", "webhook 1", "webhook 2"]
    assert all(one["ok"] for one in deliveries)
    assert [str(request.url) for request in sent] == ["https://a/x", "https://b/secret-path"]


def test_what_became_of_it_never_holds_an_address(tmp_path: Path, sent: Sent) -> None:
    assert "secret-path" not in str(built(tmp_path, HOOKS)(ALERT))
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("settings", "site"),
    [
        ({}, "http://127.0.0.1:8421"),
        ({"dashboard_host": "10.0.0.1", "dashboard_port": 90}, "http://10.0.0.1:90"),
        ({"dashboard_url": "https://watch.example"}, "https://watch.example"),
    ],
)
def test_the_alert_links_to_the_dashboard(
    tmp_path: Path, sent: Sent, settings: dict[str, Any], site: str
) -> None:
    built(tmp_path, HOOKS, **settings)(ALERT)
    for request in sent:
        assert f"{site}/alerts/7" in request.content.decode()
    assert "permalink" not in ALERT


@pytest.mark.parametrize("missing", ["HOOK", "SIGN"])
def test_a_secret_that_is_not_set_is_named_when_the_process_starts(
    tmp_path: Path, missing: str
) -> None:
    environ = {"HOOK": "https://b/x", "SIGN": "s"}
    del environ[missing]
    with pytest.raises(SettingsError, match=f"{missing}: found nothing"):
        notifier(Settings(), load(tmp_path, ARTICLE + HOOKS), environ)

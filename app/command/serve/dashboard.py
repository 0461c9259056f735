"""`tierwatch dashboard`: serve the pages, the approvals and the JSON API."""

import os
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.errors import SettingsError
from tierwatch.settings import Settings, read_settings

if TYPE_CHECKING:
    from tierwatch.config import Config

_SHORTEST_KEY = 32
# Longer than the server takes to answer what has arrived; nothing else can be lost here.
_STOP_S = 15.0
_HURRIED_S = 3.0


@click.command("dashboard")
@ends_in_a_sentence
def command() -> None:
    """Serve the dashboard."""
    run_dashboard(read_settings())


def run_dashboard(settings: Settings) -> None:
    """Serve the dashboard until told to stop.

    Raises:
        SettingsError: ``TIERWATCH_SECRET_KEY`` is missing or short, or ``TIERWATCH_REDACTOR``
            cannot be loaded.
        ConfigError: the configuration is not accepted.
    """
    from tierwatch.config import load_config
    from tierwatch.dashboard import build_dashboard, serve
    from tierwatch.loop.capture.redact import load_redactor
    from tierwatch.loop.capture.redaction.sealing import build_sealer
    from tierwatch.runtime.log_lines import configure_logging
    from tierwatch.runtime.notifier import build_tester
    from tierwatch.stop_signals import LastResort, StopSignals
    from tierwatch.store.database import build_engine

    configure_logging(settings)
    if len(settings.secret_key) < _SHORTEST_KEY:
        raise SettingsError(
            f"TIERWATCH_SECRET_KEY must have {_SHORTEST_KEY} characters or more: it signs sessions."
            " Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    config = load_config(settings.config)
    app = build_dashboard(
        config=config,
        engine=build_engine(settings.database_url),
        secret_key=settings.secret_key,
        clock=time.time,
        gateway_url=f"http://{settings.gateway_host}:{settings.gateway_port}",
        dashboard_url=settings.dashboard_url,
        trusted_proxies=settings.trusted_proxies,
        metrics_token=settings.metrics_token,
        open_metrics=metrics_are_open(settings, config),
        send_test=build_tester(settings, config, os.environ),
        redact=load_redactor(settings.redactor or None),
        sealer=build_sealer(settings.media_key),
        environ=os.environ,
    )
    with (
        StopSignals() as signals,
        LastResort(signals, within_s=_STOP_S, hurried_s=_HURRIED_S, rescue=lambda: None),
    ):
        serve(app, settings.dashboard_host, settings.dashboard_port, signals=signals)


def metrics_are_open(settings: Settings, config: "Config") -> bool:
    """Whether anybody may read the metrics: on a laptop, where nobody else can ask.

    The dashboard has logins, so that whoever reaches it from elsewhere has to show something. A
    proxy on the same machine connects from loopback too, so there must be no sign of one.
    """
    seen_at = urlsplit(settings.dashboard_url).hostname
    local = _is_loopback(settings.dashboard_host) and (seen_at is None or _is_loopback(seen_at))
    proxied = bool(settings.trusted_proxies) or config.people.proxy is not None
    guarded = bool(settings.metrics_token) or bool(config.gateway.api_keys)
    return local and not proxied and not guarded


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

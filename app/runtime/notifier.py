"""Who is notified of an alert, and how."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from tierwatch.config import Config
from tierwatch.config.secrets import Secret
from tierwatch.loop.notify.deliver import NotifyRules
from tierwatch.loop.notify.heartbeat import Heartbeat
from tierwatch.loop.notify.send_change import ChangeHook
from tierwatch.loop.notify.trial import Trial, send_test
from tierwatch.loop.watch.silence import SilenceRules
from tierwatch.notify.answer import Destination
from tierwatch.notify.log import LogDestination
from tierwatch.runtime.destinations import built
from tierwatch.settings import Settings


def build_destinations(config: Config, environ: Mapping[str, str]) -> tuple[Destination, ...]:
    """The log, and every destination of the configuration.

    Raises:
        SettingsError: the variable or file of a secret holds none, or a library is missing.
    """
    return (LogDestination(), *built(config.notify, environ))


def notify_rules(settings: Settings, config: Config) -> NotifyRules:
    """What the configuration asks of notifications."""
    repeat_s = config.alerts.repeat_s
    return NotifyRules(
        site=dashboard_site(settings),
        repeat_s=None if repeat_s == "off" else repeat_s,
        give_up_s=config.alerts.give_up_s,
    )


def build_tester(
    settings: Settings, config: Config, environ: Mapping[str, str]
) -> Callable[[str], Sequence[Trial]]:
    """Sends a test event to every destination, for whoever is named.

    The secrets are looked up when it is called, so that a process without them can start; it then
    raises `SettingsError`.
    """

    def send(actor: str) -> Sequence[Trial]:
        return send_test(
            build_destinations(config, environ),
            site=dashboard_site(settings),
            actor=actor,
            now=dt.datetime.now(dt.UTC),
        )

    return send


def silence_rules(config: Config) -> SilenceRules:
    """When silence is worth an alert."""
    silence_s = config.alerts.no_data_s
    return SilenceRules(None if silence_s == "off" else silence_s)


def build_heartbeat(config: Config, environ: Mapping[str, str]) -> Heartbeat | None:
    """Where to post that everything runs; None where the configuration names nothing.

    Raises:
        SettingsError: the variable of its address is not set.
    """
    asked = config.alerts.heartbeat
    return None if asked is None else Heartbeat(asked.target(environ), asked.every_s)


def build_change_hook(
    settings: Settings, config: Config, environ: Mapping[str, str]
) -> ChangeHook | None:
    """Whom to ask for changes of a watched router; None where a person applies them.

    Raises:
        SettingsError: the variable of its address or its secret is not set.
    """
    asked = config.watch.router
    if asked is None or asked.webhook is None:
        return None
    url = asked.webhook
    return ChangeHook(
        url=url.reveal(environ) if isinstance(url, Secret) else url,
        site=dashboard_site(settings),
        secret=None if asked.secret is None else asked.secret.reveal(environ),
    )


def dashboard_site(settings: Settings) -> str:
    """How people reach the dashboard."""
    here = f"http://{settings.dashboard_host}:{settings.dashboard_port}"
    return (settings.dashboard_url or here).rstrip("/")

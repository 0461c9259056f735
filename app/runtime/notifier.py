"""Who is notified of an alert."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import httpx

from tierwatch.config import Config
from tierwatch.notify.delivery import Destination, deliver
from tierwatch.notify.log import LogDestination
from tierwatch.notify.webhook import WebhookDestination
from tierwatch.settings import Settings


def notifier(
    settings: Settings, config: Config, environ: Mapping[str, str]
) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Sends an alert to the log and to every webhook of the configuration; gives what became of it.

    Raises:
        SettingsError: the variable of a webhook's address or secret is not set.
    """
    destinations: list[Destination] = [LogDestination()]
    for number, hook in enumerate(config.notify, start=1):
        destinations.append(
            WebhookDestination(
                url=hook.target(environ),
                secret=None if hook.secret is None else hook.secret.reveal(environ),
                name=f"webhook {number}",
            )
        )
    client = httpx.Client()
    site = settings.dashboard_url or (f"http://{settings.dashboard_host}:{settings.dashboard_port}")

    def tell(alert: dict[str, Any]) -> list[dict[str, Any]]:
        named = alert | {"permalink": f"{site}/alerts/{alert['id']}"}
        return [asdict(delivery) for delivery in deliver(named, destinations, client=client)]

    return tell

"""Destinations of alerts: entries of ``notify`` come in, what sends to them goes out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from tierwatch.config import Config
from tierwatch.config.notify import NotifyConfig, destination_names
from tierwatch.config.secrets import Secret
from tierwatch.errors import SettingsError
from tierwatch.notify.answer import Destination
from tierwatch.notify.channels import opsgenie, pagerduty
from tierwatch.notify.channels.alertmanager import AlertmanagerDestination
from tierwatch.notify.channels.by_apprise import AppriseDestination, check_installed
from tierwatch.notify.channels.mail import MailDestination
from tierwatch.notify.channels.opsgenie import OpsgenieDestination
from tierwatch.notify.channels.pagerduty import PagerDutyDestination
from tierwatch.notify.channels.slack import SlackDestination
from tierwatch.notify.channels.teams import TeamsDestination
from tierwatch.notify.returns.acknowledged import Signer
from tierwatch.notify.webhook import WebhookDestination

_log = structlog.get_logger(__name__)

_Build = Callable[[NotifyConfig, str, Mapping[str, str]], Destination]


def built(places: Sequence[NotifyConfig], environ: Mapping[str, str]) -> list[Destination]:
    """What sends to each place, in their order.

    Raises:
        SettingsError: the variable or file of a secret holds none, or a library is missing.
    """
    names = destination_names(places)
    return [_BUILD[one.kind](one, name, environ) for one, name in zip(places, names, strict=True)]


def signers_of(config: Config, environ: Mapping[str, str], kind: str) -> list[Signer]:
    """The destinations of a kind whose services may call back.

    One whose secret is not there is left out, and said: nobody's call would be genuine.
    """
    found = []
    for one in config.notify:
        if one.kind == kind and one.signing_secret is not None:
            try:
                secret = one.signing_secret.reveal(environ)
            except SettingsError as problem:
                _log.warning("calls of a vendor cannot be checked", kind=kind, why=str(problem))
            else:
                found.append(Signer(secret, one.people))
    return found


def _secret(secret: Secret | None, environ: Mapping[str, str]) -> str | None:
    return None if secret is None else secret.reveal(environ)


def _webhook(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    return WebhookDestination(one.target(environ), _secret(one.secret, environ), name)


def _pagerduty(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    key = _secret(one.key, environ) or ""
    return PagerDutyDestination(key, name, one.target(environ, pagerduty.URL))


def _alertmanager(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    url, token = one.target(environ), _secret(one.key, environ)
    return AlertmanagerDestination(url, name, one.labels, token)


def _slack(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    return SlackDestination(one.target(environ), name, button=one.signing_secret is not None)


def _teams(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    return TeamsDestination(one.target(environ), name)


def _opsgenie(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    key = _secret(one.key, environ) or ""
    return OpsgenieDestination(key, name, one.target(environ, opsgenie.URL))


def _email(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    return MailDestination(
        host=one.host or "",
        port=one.mail_port,
        sender=one.sender or "",
        recipients=one.to,
        security=one.security,
        user=one.user,
        password=_secret(one.password, environ),
        name=name,
    )


def _apprise(one: NotifyConfig, name: str, environ: Mapping[str, str]) -> Destination:
    check_installed()
    return AppriseDestination(one.target(environ), name)


_BUILD: Final[Mapping[str, _Build]] = {
    "webhook": _webhook,
    "pagerduty": _pagerduty,
    "alertmanager": _alertmanager,
    "slack": _slack,
    "teams": _teams,
    "opsgenie": _opsgenie,
    "email": _email,
    "apprise": _apprise,
}

"""Each entry of `notify` becomes what sends to it, with its secrets looked up."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load

from tierwatch.config.notify import Kind
from tierwatch.errors import SettingsError
from tierwatch.notify.answer import Repeating
from tierwatch.notify.channels.alertmanager import AlertmanagerDestination
from tierwatch.notify.channels.mail import MailDestination
from tierwatch.notify.channels.opsgenie import OpsgenieDestination
from tierwatch.notify.channels.pagerduty import PagerDutyDestination
from tierwatch.notify.channels.slack import SlackDestination
from tierwatch.runtime.destinations import built, signers_of

ENTRIES: dict[Kind, str] = {
    "webhook": "url: env:URL, secret: env:SECRET",
    "pagerduty": "key: env:SECRET",
    "alertmanager": "url: env:URL, key: env:SECRET, labels: {team: search}",
    "slack": "url: env:URL",
    "teams": "url: env:URL",
    "opsgenie": "key: env:SECRET, url: 'https://api.eu.opsgenie.com'",
    "email": "host: h, from: a@b.c, to: [d@e.f], user: u, password: env:SECRET",
    "apprise": "url: env:URL",
}
ENVIRON = {"URL": "https://a.example/secret-path", "SECRET": "s3cret"}


def entry(kind: str, more: str = "") -> str:
    return f"notify: [{{kind: {kind}, name: here, {ENTRIES[kind]}{more}}}]\n"  # type: ignore[index]


@pytest.mark.parametrize("kind", ENTRIES)
def test_every_kind_is_built_and_shows_no_secret(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwatch.runtime.destinations.check_installed", lambda: None)
    [found] = built(load(tmp_path, ARTICLE + entry(kind)).notify, ENVIRON)
    assert (found.kind, found.name) == (kind, "here")
    assert isinstance(found, Repeating) == (kind == "alertmanager")
    for secret in ENVIRON.values():
        assert secret not in repr(found)


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_secret_that_is_not_there_is_named(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwatch.runtime.destinations.check_installed", lambda: None)
    with pytest.raises(SettingsError, match=r"(URL|SECRET): found nothing"):
        built(load(tmp_path, ARTICLE + entry(kind)).notify, {})


def test_what_was_configured_arrives(tmp_path: Path) -> None:
    text = "".join(
        f"  - {{kind: {kind}, {ENTRIES[kind]}}}\n"
        for kind in ENTRIES
        if kind not in {"webhook", "teams", "apprise"}
    )
    text += "  - {kind: slack, url: env:URL, signing_secret: env:SECRET}\n"
    pager, alertmanager, slack, opsgenie, mail, button = built(
        load(tmp_path, f"{ARTICLE}notify:\n{text}").notify, ENVIRON
    )
    assert isinstance(pager, PagerDutyDestination)
    assert (pager.key, pager.url) == ("s3cret", "https://events.pagerduty.com")
    assert isinstance(alertmanager, AlertmanagerDestination)
    assert (alertmanager.token, alertmanager.labels) == ("s3cret", {"team": "search"})
    assert isinstance(opsgenie, OpsgenieDestination)
    assert opsgenie.url == "https://api.eu.opsgenie.com"
    assert isinstance(mail, MailDestination)
    assert (mail.host, mail.port, mail.sender, mail.recipients) == ("h", 587, "a@b.c", ("d@e.f",))
    assert (mail.user, mail.password) == ("u", "s3cret")
    assert isinstance(slack, SlackDestination)
    assert isinstance(button, SlackDestination)
    assert (slack.button, button.button) == (False, True)


def test_apprise_that_is_not_installed_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwatch.notify.channels.by_apprise.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="tierwatch\\[apprise\\]"):
        built(load(tmp_path, ARTICLE + entry("apprise")).notify, ENVIRON)


def test_who_may_call_back_and_who_would_have_no_secret_to_do_it_by(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        ARTICLE
        + "notify:\n"
        + "  - {kind: slack, url: env:URL, signing_secret: env:SECRET, people: {U1: ada}}\n"
        + "  - {kind: slack, url: env:URL, signing_secret: env:MISSING}\n"
        + "  - {kind: slack, url: env:URL}\n",
    )
    [signer] = signers_of(config, ENVIRON, "slack")
    assert (signer.secret, signer.people) == ("s3cret", {"U1": "ada"})
    assert signers_of(config, ENVIRON, "pagerduty") == []

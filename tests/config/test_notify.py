"""Where alerts are sent."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, told

from tierwatch.config import Secret
from tierwatch.config.notify import destination_names

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "routing:",
        "notify: [{}]\nrouting:",
        ("1: notify[0].url: found nothing; accepted one, which kind webhook cannot do without"),
    ),
    (
        "routing:",
        "notify: [{uri: x, url: env:URL}]\nrouting:",
        (
            "1: notify[0].uri: found an unknown key; accepted from, host, key, kind, labels, name,"
            " password, people, port, secret, security, signing_secret, to, url, user (did you"
            " mean 'url'?)"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: pager}]\nrouting:",
        (
            "1: notify[0].kind: found 'pager'; accepted 'webhook', 'pagerduty', 'alertmanager',"
            " 'slack', 'teams', 'opsgenie', 'email' or 'apprise'"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: pagerduty, secret: env:A, key: env:B}]\nrouting:",
        (
            "1: notify[0].secret: found a key that kind pagerduty does not take;"
            " accepted key, kind, name, people, signing_secret, url"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: email, host: h, from: a@b.c}]\nrouting:",
        "1: notify[0].to: found nothing; accepted one, which kind email cannot do without",
    ),
    (
        "routing:",
        "notify: [{kind: email, host: 'h:25', from: a@b.c, to: [d@e.f]}]\nrouting:",
        (
            "1: notify[0].host: found 'h:25'; accepted a host such as smtp.example.com;"
            " its port stands in port"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: email, host: h, from: Ada <a@b.c>, to: [d@e.f]}]\nrouting:",
        (
            "1: notify[0].from: found 'Ada <a@b.c>'; accepted an address such as"
            " oncall@example.com, without a name"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: email, host: h, from: a@b.c, to: [d@e.f], user: u}]\nrouting:",
        "1: notify[0].password: found nothing; accepted user and password, or neither",
    ),
    (
        "routing:",
        (
            "notify: [{kind: email, host: h, from: a@b.c, to: [d@e.f], user: u, password: env:P,"
            " security: none}]\nrouting:"
        ),
        (
            "1: notify[0].security: found none, by which the password would be sent in the clear;"
            " accepted starttls or tls"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: alertmanager, url: 'http://a', labels: {a-b: c}}]\nrouting:",
        (
            "1: notify[0].labels.a-b: found 'a-b'; accepted letters, digits and underscores, not"
            " beginning with a digit or two underscores; and none of alertname, segment, severity,"
            " tier, tierwatch_alert"
        ),
    ),
    (
        "routing:",
        "notify: [{kind: slack, url: env:A, people: {U1: ada}}]\nrouting:",
        "1: notify[0].signing_secret: found nothing; accepted one, for people to come back by",
    ),
    (
        "routing:",
        "notify: [{url: env:A, name: ops}, {url: env:B, name: ops}]\nrouting:",
        "1: notify[1].name: found 'ops' twice; accepted a name of its own",
    ),
    (
        "routing:",
        "notify: [{url: env:A, name: log}]\nrouting:",
        "1: notify[0].name: found 'log' twice; accepted a name of its own",
    ),
    (
        "routing:",
        "notify: [{url: env:A, name: webhook 2}, {url: env:B}]\nrouting:",
        "1: notify[1].name: found 'webhook 2' twice; accepted a name of its own",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_destination(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]


def test_a_webhooks_url_may_be_a_secret(tmp_path: Path) -> None:
    hooks = "notify: [{url: env:HOOK, secret: env:SIGN}, {kind: webhook, url: 'https://h/x'}]\n"
    secret, literal = load(tmp_path, ARTICLE + hooks).notify
    assert secret.secret == Secret("SIGN")
    assert secret.target({"HOOK": "https://h/t"}) == "https://h/t"
    assert literal.target({}) == "https://h/x"


def test_a_destination_is_named_by_its_place_or_by_its_owner(tmp_path: Path) -> None:
    hooks = "notify: [{url: env:A}, {url: env:B, name: on call}, {url: env:C}]\n"
    config = load(tmp_path, ARTICLE + hooks)
    assert destination_names(config.notify) == ["webhook 1", "on call", "webhook 3"]


EVERY_KIND = """
notify:
  - {kind: pagerduty, key: env:PD, signing_secret: env:PDS, people: {PXPGF42: ada}}
  - {kind: alertmanager, url: 'http://am:9093', labels: {team: search}, key: file:/run/secrets/am}
  - {kind: slack, url: env:SLACK, signing_secret: env:SIGN}
  - {kind: teams, url: env:TEAMS}
  - {kind: opsgenie, key: env:OG, url: 'https://api.eu.opsgenie.com'}
  - {kind: email, host: smtp.example.com, from: t@example.com, to: [a@example.com], user: t,
     password: env:MAIL}
  - {kind: apprise, url: env:NTFY, name: ntfy}
"""


def test_every_kind_loads_with_its_own_keys(tmp_path: Path) -> None:
    places = load(tmp_path, ARTICLE + EVERY_KIND).notify
    assert destination_names(places) == [
        "pagerduty 1",
        "alertmanager 2",
        "slack 3",
        "teams 4",
        "opsgenie 5",
        "email 6",
        "ntfy",
    ]
    assert places[0].people == {"PXPGF42": "ada"}
    assert places[1].key == Secret(path="/run/secrets/am")
    assert places[4].target({}, "usual") == "https://api.eu.opsgenie.com"
    assert places[0].target({}, "usual") == "usual"
    assert (places[5].sender, places[5].to) == ("t@example.com", ("a@example.com",))


@pytest.mark.parametrize(
    ("written", "port"),
    [("", 587), ("security: tls", 465), ("security: none", 25), ("port: 2525", 2525)],
)
def test_the_port_of_a_mail_server_follows_from_its_security(
    tmp_path: Path, written: str, port: int
) -> None:
    entry = f"notify: [{{kind: email, host: h, from: a@b.c, to: [d@e.f], {written}}}]\n"
    [place] = load(tmp_path, ARTICLE + entry).notify
    assert place.mail_port == port

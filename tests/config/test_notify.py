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
        (
            "1: notify[0].url: found nothing; accepted A URL, or"
            " `env:NAME` where the URL itself is a secret."
        ),
    ),
    (
        "routing:",
        "notify: [{uri: x, url: env:URL}]\nrouting:",
        (
            "1: notify[0].uri: found an unknown"
            " key; accepted kind, name, secret, url (did you mean 'url'?)"
        ),
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

"""Where alerts are sent."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, told

from tierwatch.config import Secret

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
            " key; accepted kind, secret, url (did you mean 'url'?)"
        ),
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

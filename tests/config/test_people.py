from pathlib import Path

import pytest

from tierwatch.config import load_config
from tierwatch.config.people import PeopleConfig, read_issuer, read_network
from tierwatch.errors import ConfigError

_FILE = """
routing:
  classifier: {kind: heuristic}
  tiers: {simple: {model: small-1, cost: 1}, complex: {model: large-1, cost: 9}}
"""


def load(tmp_path: Path, people: str) -> PeopleConfig:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_FILE + people)
    return load_config(path).people


def test_without_the_section_there_are_passwords_alone(tmp_path: Path) -> None:
    people = load(tmp_path, "")
    assert people.passwords
    assert people.oidc is None
    assert people.proxy is None


OIDC = "people: {oidc: {issuer: ISSUER, client_id: x, roles: {viewer: ['*']}}}\n"


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("people: {passwords: false}\n", "no way to log in"),
        (OIDC.replace("ISSUER", "http://login.example"), "https"),
        (OIDC.replace("ISSUER", "login.example"), "URL"),
        (OIDC.replace("ISSUER", "https://x").replace("viewer: ['*']", ""), "groups for one role"),
        (OIDC.replace("ISSUER", "https://x, scopes: [email]"), "openid"),
        (OIDC.replace("ISSUER", "https://x, client_secret: hunter2"), "env:NAME"),
        (OIDC.replace("ISSUER", "https://x").replace("viewer", "owner"), "owner"),
        ("people: {proxy: {trusted: [], roles: {viewer: ['*']}}}\n", "trusted"),
        ("people: {proxy: {trusted: [10.0.0.1/8], roles: {viewer: ['*']}}}\n", "network"),
    ],
)
def test_what_is_not_accepted_is_said(tmp_path: Path, people: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, people)


def test_an_issuer_on_this_machine_may_be_plain() -> None:
    assert read_issuer("http://127.0.0.1:9000/") == "http://127.0.0.1:9000"


@pytest.mark.parametrize("given", [None, "ten", "10.0.0.0/33", 7.5])
def test_no_network(given: object) -> None:
    with pytest.raises(ValueError, match="network"):
        read_network(given)

import ipaddress
from collections.abc import Callable
from pathlib import Path

import pytest
from dashboard.conftest import PASSWORD, Browser, Clock, OneConnection
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tierwatch.config import load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.dashboard.access.auth_proxy import is_trusted
from tierwatch.dashboard.trusted_proxies import TrustedProxies, read_networks
from tierwatch.store.people.users import add_user

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers: {simple: {model: small-1, cost: 1}, complex: {model: large-1, cost: 9}}
people:
  passwords: PASSWORDS
  proxy:
    trusted: [10.0.0.0/8]
    roles: {viewer: ["*"], approver: [release managers], admin: [ops]}
"""

PROXY = "10.0.0.7"


@pytest.fixture
def build(one_connection: OneConnection, clock: Clock, tmp_path: Path) -> Callable[..., Flask]:
    def built(passwords: str = "true") -> Flask:
        path = tmp_path / "proxy.yaml"
        path.write_text(_CONFIG.replace("PASSWORDS", passwords))
        return build_dashboard(
            config=load_config(path), engine=one_connection, secret_key="s" * 32, clock=clock
        )

    return built


@pytest.fixture
def app(build: Callable[..., Flask]) -> Flask:
    return build()


def behind(app: Flask, user: str = "", groups: str = "", address: str = PROXY) -> Browser:
    """A browser whose requests come from an address with the proxy's headers."""
    client = app.test_client()
    name_them(client.environ_base, user, groups)
    client.environ_base["REMOTE_ADDR"] = address
    return Browser(client)


def name_them(environ: dict[str, str], user: str, groups: str) -> None:
    environ.update({"HTTP_X_FORWARDED_USER": user, "HTTP_X_FORWARDED_GROUPS": groups})


def test_whom_the_proxy_names_is_in_without_a_form(app: Flask, connection: Connection) -> None:
    browser = behind(app, "ada", "staff, release managers")
    assert browser.get("/alerts").status_code == 200
    query = text("select name, role, subject from users")
    assert connection.execute(query).all() == [("ada", "approver", "proxy:ada")]
    browser.get("/")
    assert connection.execute(text("select count(*), min(method) from sessions")).one() == (
        1,
        "proxy",
    )


def test_the_header_counts_from_nobody_else(app: Flask, connection: Connection) -> None:
    for address in ("192.0.2.1", "127.0.0.1", "::1", "11.0.0.7", ""):
        browser = behind(app, "ada", "ops", address)
        assert browser.get("/alerts").status_code == 302, address
    assert connection.execute(text("select count(*) from users")).scalar_one() == 0


def test_what_a_caller_says_of_forwarding_makes_nobody_the_proxy(app: Flask) -> None:
    browser = behind(app, "ada", "ops", "192.0.2.1")
    answer = browser.client.get(
        "/alerts", headers={"X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}"}
    )
    assert answer.status_code == 302


def test_the_session_follows_whom_the_proxy_names(app: Flask, connection: Connection) -> None:
    browser = behind(app, "ada")
    browser.get("/")
    name_them(browser.client.environ_base, "bob", "ops")
    assert "bob" in browser.page("/alerts")
    name_them(browser.client.environ_base, "", "")
    assert browser.get("/alerts").status_code == 302
    assert connection.execute(text("select count(*) from sessions")).scalar_one() == 0


def test_a_stolen_cookie_is_worth_nothing_without_the_proxy(app: Flask) -> None:
    browser = behind(app, "ada", "ops")
    browser.get("/")
    browser.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    assert browser.get("/alerts").status_code == 302


def test_the_role_follows_the_groups_of_each_request(app: Flask, connection: Connection) -> None:
    add_user(connection, "root", PASSWORD, "admin")
    browser = behind(app, "ada", "ops")
    assert browser.get("/sessions").status_code == 200
    name_them(browser.client.environ_base, "ada", "")
    assert browser.get("/users").status_code == 403


def test_the_last_admin_stays_one_whatever_their_groups_say(
    app: Flask, connection: Connection
) -> None:
    browser = behind(app, "ada", "ops")
    assert browser.get("/users").status_code == 200
    name_them(browser.client.environ_base, "ada", "")
    for _ in range(2):
        assert browser.get("/users").status_code == 200
    kept = text("select count(*) from audit where action = 'user.role_kept'")
    assert connection.execute(kept).scalar_one() == 1


def test_disabled_here_is_refused_with_a_sentence(app: Flask, connection: Connection) -> None:
    browser = behind(app, "ada")
    browser.get("/")
    connection.execute(text("update users set disabled_at = now()"))
    refused = browser.get("/alerts")
    assert refused.status_code == 403
    assert "disabled here" in refused.text


def test_nobody_becomes_a_user_with_a_password(app: Flask, connection: Connection) -> None:
    add_user(connection, "ada", PASSWORD, "admin")
    refused = behind(app, "ada").get("/alerts")
    assert refused.status_code == 403
    assert "another user" in refused.text


@pytest.mark.parametrize("name", ["a" * 101, "x\u200by"])
def test_a_name_that_cannot_be_shown(app: Flask, name: str) -> None:
    assert behind(app, name.encode().decode("latin-1")).get("/alerts").status_code == 403


def test_names_and_groups_beyond_ascii_come_as_the_proxy_sends_them(
    app: Flask, connection: Connection
) -> None:
    """In UTF-8, which WSGI hands on byte by byte; where it is none, as Latin-1."""
    assert behind(app, "Jos\u00e9".encode().decode("latin-1")).get("/").status_code == 200
    assert behind(app, "Ren\u00e9e").get("/").status_code == 200
    names = connection.execute(text("select name from users order by name")).scalars().all()
    assert names == ["Jos\u00e9", "Ren\u00e9e"]


def test_a_header_that_came_twice_names_nobody(app: Flask, connection: Connection) -> None:
    refused = behind(app, "eve, ada", "ops").get("/users")  # as servers join them
    assert refused.status_code == 403
    assert "came twice" in refused.text
    assert connection.execute(text("select count(*) from users")).scalar_one() == 0


def test_passwords_go_on_beside_the_proxy(app: Flask, connection: Connection) -> None:
    add_user(connection, "eve", PASSWORD, "admin")
    browser = behind(app)
    assert browser.log_in("eve").status_code == 302
    assert browser.get("/alerts").status_code == 200


def test_without_passwords_the_login_page_says_who_logs_people_in(
    build: Callable[..., Flask],
) -> None:
    page = behind(build("false")).page("/login")
    assert "proxy in front" in page
    assert 'type="password"' not in page


def test_posts_still_need_the_token_of_the_form(app: Flask) -> None:
    browser = behind(app, "ada", "ops")
    browser.get("/")
    assert browser.client.post("/logout").status_code == 400


@given(st.ip_addresses())
def test_an_address_is_in_its_own_network_alone(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    own = [ipaddress.ip_network(str(address))]
    assert is_trusted(str(address), own)
    other = address + (1 if int(address) % 2 == 0 else -1)
    assert not is_trusted(str(other), own)


def test_an_ipv4_address_in_ipv6_clothes() -> None:
    assert is_trusted("::ffff:10.0.0.7", [ipaddress.ip_network("10.0.0.0/8")])
    assert not is_trusted("unix", [ipaddress.ip_network("0.0.0.0/0")])


def test_whoever_another_proxy_names_as_the_caller_is_not_the_proxy_that_vouches(
    build: Callable[..., Flask],
) -> None:
    app = build()
    app.wsgi_app = TrustedProxies(app.wsgi_app, read_networks("192.0.2.0/24"))  # type: ignore[method-assign]
    browser = behind(app, "ada", "ops", "192.0.2.1")
    browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = PROXY
    assert browser.get("/alerts").status_code == 302

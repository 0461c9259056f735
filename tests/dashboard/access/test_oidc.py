import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dashboard.conftest import PASSWORD, Browser, Clock, OneConnection
from fakes.oidc_provider import CLIENT, SECRET, OidcProvider
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from tierwatch.config import load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.errors import SettingsError
from tierwatch.store.people.users import add_user

URL = "https://watch.example"

_CONFIG = """
routing:
  classifier: {{kind: heuristic}}
  tiers: {{simple: {{model: small-1, cost: 1}}, complex: {{model: large-1, cost: 9}}}}
people:
  passwords: {passwords}
  oidc:
    issuer: {issuer}
    client_id: {client}
    client_secret: env:OIDC_SECRET
    label: ops login
    roles: {{viewer: [staff], approver: [owners], admin: [ops]}}
"""


@pytest.fixture(scope="module")
def running() -> Iterator[OidcProvider]:
    with OidcProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: OidcProvider) -> OidcProvider:
    running.claims = {"sub": "u-1", "preferred_username": "ada", "groups": ["staff"]}
    running.userinfo, running.lies, running.error = {}, {}, ""
    running.signs_with_another_key = running.down = False
    return running


@pytest.fixture
def build(
    provider: OidcProvider, one_connection: OneConnection, clock: Clock, tmp_path: Path
) -> Callable[..., Flask]:
    def built(*, passwords: str = "true", url: str = URL) -> Flask:
        path = tmp_path / "oidc.yaml"
        path.write_text(_CONFIG.format(issuer=provider.issuer, client=CLIENT, passwords=passwords))
        return build_dashboard(
            config=load_config(path),
            engine=one_connection,
            secret_key="s" * 32,
            clock=clock,
            dashboard_url=url,
            environ={"OIDC_SECRET": SECRET},
        )

    return built


@pytest.fixture
def browser(build: Callable[..., Flask]) -> Browser:
    client = build().test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    client.environ_base["HTTP_HOST"] = "watch.example"
    return Browser(client)


def there(browser: Browser, path: str = "/login/oidc") -> str:
    """Where the dashboard sends a browser that wants to log in."""
    sent = browser.get(path)
    assert sent.status_code == 302, sent.text
    return str(sent.headers["Location"])


def back(browser: Browser, url: str) -> TestResponse:
    parts = urlsplit(url)
    return browser.get(f"{parts.path}?{parts.query}")


def sign_on(browser: Browser, provider: OidcProvider, path: str = "/login/oidc") -> TestResponse:
    return back(browser, provider.authorize(there(browser, path)))


def users(connection: Connection) -> list[tuple[str, str, str]]:
    query = text("select name, role, coalesce(subject, '') from users order by name")
    return [tuple(row) for row in connection.execute(query)]


def test_the_way_to_the_provider_looks_like_a_button(browser: Browser) -> None:
    assert '<a class="button main" href="/login/oidc">Log in with ops login</a>' in browser.page(
        "/login"
    )
    with browser.get("/static/tierwatch.css") as answer:  # a file, which stays open until then
        styles = answer.text
    assert "button, a.button {" in styles
    assert "button.main, a.button.main {" in styles


def test_somebody_new_enters_with_the_role_of_their_groups(
    browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    entered = sign_on(browser, provider)
    assert (entered.status_code, entered.headers["Location"]) == (302, "/")
    assert browser.get("/alerts").status_code == 200
    assert users(connection) == [("ada", "viewer", f"oidc:{provider.issuer}#u-1")]
    assert connection.execute(text("select method from sessions")).scalar_one() == "oidc"
    assert len(provider.verifiers[-1]) >= 43  # RFC 7636: PKCE, and the provider checked it


def test_the_highest_role_counts_and_follows_the_groups_of_today(
    browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    sign_on(browser, provider)
    browser.send("/logout", form_on="/alerts")
    provider.claims = {**provider.claims, "groups": ["staff", "ops", "owners"]}
    sign_on(browser, provider)
    assert [row[:2] for row in users(connection)] == [("ada", "admin")]
    query = text("select action, actor, detail->>'to' from audit where subject = 'user/ada'")
    assert connection.execute(query).all()[-1] == ("user.role_changed", "oidc", "admin")


def test_the_last_admin_stays_one_whatever_their_groups_say(
    browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    provider.claims = {**provider.claims, "groups": ["ops"]}
    sign_on(browser, provider)
    browser.send("/logout", form_on="/alerts")
    provider.claims = {**provider.claims, "groups": ["staff"]}
    sign_on(browser, provider)
    assert [row[:2] for row in users(connection)] == [("ada", "admin")]
    query = text("select action, actor, detail->>'to' from audit where subject = 'user/ada'")
    assert connection.execute(query).all()[-1] == ("user.role_kept", "oidc", "viewer")


def test_whoever_left_their_groups_stays_outside_and_is_out_everywhere(
    build: Callable[..., Flask], browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    sign_on(browser, provider)
    other = Browser(browser.client.application.test_client())
    other.client.environ_base.update(browser.client.environ_base)
    provider.claims = {**provider.claims, "groups": ["visitors"]}
    refused = sign_on(other, provider)
    assert refused.status_code == 403
    assert "none of your groups may enter" in refused.text
    assert browser.get("/alerts").status_code == 302  # the session from before has ended


def test_groups_may_come_from_userinfo(
    browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    provider.claims = {"sub": "u-2", "preferred_username": "bob"}
    provider.userinfo = {"groups": ["owners"]}
    assert sign_on(browser, provider).status_code == 302
    assert [row[:2] for row in users(connection)] == [("bob", "approver")]


def test_userinfo_of_somebody_else_gives_no_role(browser: Browser, provider: OidcProvider) -> None:
    provider.claims = {"sub": "u-2", "preferred_username": "bob"}
    provider.userinfo = {"sub": "u-1", "groups": ["ops"]}
    assert sign_on(browser, provider).status_code == 403


def test_nobody_becomes_a_user_with_a_password(
    browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    add_user(connection, "ada", PASSWORD, "admin")
    refused = sign_on(browser, provider)
    assert refused.status_code == 403
    assert "another user" in refused.text
    assert browser.get("/alerts").status_code == 302


def test_the_same_name_of_another_subject_is_refused(
    browser: Browser, provider: OidcProvider
) -> None:
    sign_on(browser, provider)
    browser.send("/logout", form_on="/alerts")
    provider.claims = {**provider.claims, "sub": "u-9"}
    assert sign_on(browser, provider).status_code == 403


def test_disabled_here_is_disabled(
    browser: Browser, provider: OidcProvider, connection: Connection
) -> None:
    sign_on(browser, provider)
    connection.execute(text("update users set disabled_at = now()"))
    assert browser.get("/alerts").status_code == 302
    assert sign_on(browser, provider).status_code == 403


NOW = 4_000_000_000


@pytest.mark.parametrize(
    "lies",
    [
        {"aud": "another client"},
        {"iss": "https://evil.example"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_000},
        {"exp": None},
        {"iat": NOW},
        {"sub": None},
    ],
    ids=lambda lies: next(iter(lies.items())),
)
def test_an_id_token_that_lies_lets_nobody_in(
    browser: Browser, provider: OidcProvider, connection: Connection, lies: dict[str, Any]
) -> None:
    provider.lies = lies
    assert sign_on(browser, provider).status_code == 401
    assert users(connection) == []


def test_an_id_token_signed_by_somebody_else(browser: Browser, provider: OidcProvider) -> None:
    provider.signs_with_another_key = True
    assert sign_on(browser, provider).status_code == 401


def test_a_refusal_there_is_said_here(browser: Browser, provider: OidcProvider) -> None:
    provider.error = "access_denied"
    refused = sign_on(browser, provider)
    assert refused.status_code == 401
    assert "said no" in refused.text


def test_a_callback_that_this_browser_did_not_begin(
    browser: Browser, provider: OidcProvider, build: Callable[..., Flask]
) -> None:
    url = provider.authorize(there(browser))
    stranger = Browser(browser.client.application.test_client())
    stranger.client.environ_base.update(browser.client.environ_base)
    assert back(stranger, url).status_code == 401
    assert back(browser, url).status_code == 302  # its own still works
    browser.send("/logout", form_on="/alerts")
    assert back(browser, url).status_code == 401  # and once only


@pytest.mark.parametrize("path", ["/login/oidc/callback", "/login/oidc/callback?code=x&state=y"])
def test_a_callback_out_of_nowhere(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 401


def test_a_provider_that_is_down_and_comes_back(browser: Browser, provider: OidcProvider) -> None:
    provider.down = True
    refused = browser.get("/login/oidc")
    assert refused.status_code == 502
    assert "cannot be reached" in refused.text
    provider.down = False
    assert sign_on(browser, provider).status_code == 302


def test_fifty_begun_logins_still_fit_in_the_cookie(
    browser: Browser, provider: OidcProvider
) -> None:
    for _ in range(50):
        there(browser)
    answer = browser.get("/login/oidc")
    assert len(answer.headers["Set-Cookie"]) < 4096
    assert back(browser, provider.authorize(answer.headers["Location"])).status_code == 302


def test_two_tabs_both_end_well(browser: Browser, provider: OidcProvider) -> None:
    first, second = there(browser), there(browser)
    assert back(browser, provider.authorize(first)).status_code == 302
    assert back(browser, provider.authorize(second)).status_code == 302
    assert browser.get("/alerts").status_code == 200


def test_the_page_that_was_wanted_comes_after_the_login(
    browser: Browser, provider: OidcProvider
) -> None:
    entered = sign_on(browser, provider, "/login/oidc?next=/alerts")
    assert entered.headers["Location"] == "/alerts"


def test_no_redirect_leads_elsewhere(browser: Browser, provider: OidcProvider) -> None:
    entered = sign_on(browser, provider, "/login/oidc?next=//evil.example")
    assert entered.headers["Location"] == "/"


def test_the_provider_sends_back_to_the_configured_address_whatever_the_host_header(
    browser: Browser,
) -> None:
    browser.client.environ_base["HTTP_HOST"] = "evil.example"
    query = parse_qs(urlsplit(there(browser)).query)
    assert query["redirect_uri"] == [f"{URL}/login/oidc/callback"]
    assert query["scope"] == ["openid profile email"]
    assert query["nonce"]


def test_the_login_page_offers_both(browser: Browser) -> None:
    page = browser.page("/login?next=/alerts")
    assert "Log in with ops login" in page
    assert "/login/oidc?next=/alerts" in page
    assert 'type="password"' in page


def test_passwords_can_be_switched_off(build: Callable[..., Flask], connection: Connection) -> None:
    add_user(connection, "eve", PASSWORD, "admin")
    client = build(passwords="false", url="http://127.0.0.1:8421").test_client()
    browser = Browser(client)
    assert 'type="password"' not in browser.page("/login")
    refused = browser.log_in("eve")
    assert refused.status_code == 403
    assert "switched off" in refused.text


def test_the_dashboards_address_is_needed(build: Callable[..., Flask]) -> None:
    with pytest.raises(SettingsError, match="TIERWATCH_DASHBOARD_URL"):
        build(url="")


def test_an_unverified_address_is_no_name(
    provider: OidcProvider,
    one_connection: OneConnection,
    clock: Clock,
    tmp_path: Path,
    connection: Connection,
) -> None:
    path = tmp_path / "mail.yaml"
    given = _CONFIG.format(issuer=provider.issuer, client=CLIENT, passwords="true")
    path.write_text(given.replace("label:", "name_claim: email\n    label:"))
    app = build_dashboard(
        config=load_config(path),
        engine=one_connection,
        secret_key=secrets.token_hex(),
        clock=clock,
        dashboard_url="http://127.0.0.1:8421",
        environ={"OIDC_SECRET": SECRET},
    )
    provider.claims = {**provider.claims, "email": "a@b.example", "email_verified": False}
    browser = Browser(app.test_client())
    assert sign_on(browser, provider).status_code == 403
    provider.claims = {**provider.claims, "email_verified": True}
    assert sign_on(browser, provider).status_code == 302
    assert [row[0] for row in users(connection)] == ["a@b.example"]

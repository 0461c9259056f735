import time
from typing import Any

import pytest
from sqlalchemy import Connection

from tierwatch.dashboard.application import build_dashboard
from tierwatch.errors import SettingsError
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"


def test_session_cookie_is_hidden_from_scripts_and_other_sites(
    connection: Connection, stranger: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    cookies = stranger.log_in("ada").headers.getlist("Set-Cookie")
    [cookie] = [one for one in cookies if one.startswith("tierwatch=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_https_sites_send_the_cookie_over_https_only(config: Any) -> None:
    app = build_dashboard(
        config=config,
        engine=None,
        secret_key="s" * 32,
        clock=time.time,
        dashboard_url="https://watch.example",
    )
    response = app.test_client().get("/login")
    # The browser would drop a __Host- cookie that has a domain or another path.
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tierwatch=")
    for part in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie


def test_short_secret_keys_are_refused(config: Any) -> None:
    with pytest.raises(SettingsError, match="found 5 characters; accepted: 32"):
        build_dashboard(config=config, engine=None, secret_key="short", clock=time.time)


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/api/v1/report", "/healthz"])
def test_headers_forbid_foreign_scripts_frames_and_caches(stranger: Any, path: str) -> None:
    headers = stranger.get(path).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"

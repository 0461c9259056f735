"""Single sign-on by OpenID Connect: to the provider and back, then a session as any other."""

from http import HTTPStatus
from typing import Any

import structlog
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Blueprint, Flask, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from tierwatch.config.people import OidcConfig
from tierwatch.dashboard.access.browser_session import begin_session, open_session
from tierwatch.dashboard.access.login import local_path, refused_login
from tierwatch.dashboard.access.outside import groups_in, roles_by_name
from tierwatch.dashboard.site import stored_text, this_site
from tierwatch.errors import ConflictError, SettingsError, UsageError
from tierwatch.store.people.outsiders import enter_outsider, role_of
from tierwatch.store.people.roles import Person

routes = Blueprint("oidc", __name__)

_log = structlog.get_logger(__name__)
_KEY = "tierwatch-oidc"
_NAME = "oidc"
# The provider answers a browser's click; one that takes longer is down.
_TIMEOUT_S = 10.0
# Begun logins lie in the cookie, some 300 bytes each; browsers drop one above 4,096.
_BEGUN_KEPT = 2
_WANTED = "wanted"
_AWAY = "The single sign-on cannot be reached. Try again in a moment."
# What is raised when the provider does not answer, or not as one.
_UNREACHABLE = (RequestException, ValueError, KeyError, RuntimeError)


def add_oidc(app: Flask, config: OidcConfig, *, secret: str | None, dashboard_url: str) -> None:
    """Let people of this provider log in.

    Args:
        app: the dashboard.
        config: the provider.
        secret: the client's; None for a public client.
        dashboard_url: how browsers reach the dashboard: the provider sends them back there.

    Raises:
        SettingsError: the dashboard's address is not known.
    """
    if not dashboard_url:
        raise SettingsError(
            "TIERWATCH_DASHBOARD_URL: found nothing; accepted the address at which browsers reach"
            " the dashboard: people.oidc sends them back there"
        )
    app.extensions[_KEY] = OAuth(app).register(
        _NAME,
        client_id=config.client_id,
        client_secret=secret,
        server_metadata_url=f"{config.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": " ".join(config.scopes),
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_S,
            **({} if secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    app.config["OIDC_CALLBACK"] = f"{dashboard_url.rstrip('/')}/login/oidc/callback"


@routes.get("/login/oidc")
def begin() -> ResponseReturnValue:
    """Send the browser to the provider."""
    if open_session() is not None:
        return redirect(url_for("overview.show"))
    client = _client()
    _forget_begun(_BEGUN_KEPT)
    session[_WANTED] = local_path(request.args.get("next", ""))
    try:
        answer: ResponseReturnValue = client.authorize_redirect(current_app.config["OIDC_CALLBACK"])
    except _UNREACHABLE as problem:
        _log.warning("single sign-on cannot be reached", error=type(problem).__name__)
        return refused_login(_AWAY, 502)
    return answer


class _RefusedError(Exception):
    """A login that ends outside, with what the person is told and the status."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


@routes.get("/login/oidc/callback")
def finish() -> ResponseReturnValue:
    """Take in whom the provider sends back."""
    wanted = str(session.get(_WANTED, "/"))
    try:
        person = _person(_answered())
    except _RefusedError as refused:
        if refused.status == HTTPStatus.UNAUTHORIZED and open_session() is not None:
            return redirect(url_for("overview.show"))  # a second tab, or the callback read again
        return refused_login(str(refused), refused.status)
    except (ConflictError, UsageError) as problem:
        return refused_login(f"You are known there, but cannot enter here: {problem}.", 403)
    if person is None or not begin_session(person, "oidc"):
        return refused_login(
            "You are known there, but none of your groups may enter, or your user is disabled"
            " here. Ask an administrator.",
            403,
        )
    return redirect(local_path(wanted))


def _answered() -> dict[str, Any]:
    """What the provider says of the person whom it sends back, checked.

    Raises:
        _RefusedError: it refused, cannot be reached, or says what cannot be trusted.
    """
    client = _client()
    try:
        return _claims(client, client.authorize_access_token())
    except OAuthError as problem:
        said = stored_text(problem.description or problem.error or "")[:200]
        _log.warning("a single sign-on was refused", error=stored_text(str(problem.error))[:60])
        raise _RefusedError(
            f"The login was not completed: {said or 'refused'}. Try again.", 401
        ) from problem
    except JoseError as problem:
        _log.warning("an ID token was refused", error=type(problem).__name__)
        raise _RefusedError(
            "What the single sign-on said cannot be trusted. Try again.", 401
        ) from problem
    except _UNREACHABLE as problem:
        _log.warning("single sign-on cannot be reached", error=type(problem).__name__)
        raise _RefusedError(_AWAY, 502) from problem


def _person(claims: dict[str, Any]) -> Person | None:
    """The user these claims stand for.

    Raises:
        ConflictError: another user has the name.
        UsageError: the claim with the name is missing, or cannot be a name.
    """
    site = this_site()
    config = site.config.people.oidc
    if config is None:
        return None
    name = claims.get(config.name_claim)
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"the claim {config.name_claim} has no name")
    if config.name_claim == "email" and claims.get("email_verified") is False:
        raise UsageError("the e-mail address is not verified")
    role = role_of(groups_in(claims.get(config.roles_claim)), roles_by_name(config.roles))
    with site.engine.begin() as connection:
        person = enter_outsider(
            connection,
            subject=stored_text(f"oidc:{config.issuer}#{claims['sub']}"),
            name=stored_text(name),
            role=role,
            vouched_by="oidc",
        )
    if person is not None and person.role != role:
        _log.warning("the last admin keeps the role", user=person.name, role_by_groups=role)
    return person


def _claims(client: FlaskOAuth2App, token: dict[str, Any]) -> dict[str, Any]:
    """Of the checked ID token; what it lacks from userinfo, where that is of the same person."""
    claims = dict(token["userinfo"])
    config = this_site().config.people.oidc
    if config is not None and {config.roles_claim, config.name_claim} - claims.keys():
        more = client.userinfo(token=token)
        if more.get("sub") == claims["sub"]:
            claims = {**more, **claims}
    return claims


def _client() -> FlaskOAuth2App:
    found: FlaskOAuth2App = current_app.extensions[_KEY]
    return found


def _forget_begun(kept: int) -> None:
    """Drop all but the newest begun logins: about twenty of them are more than a cookie holds."""
    begun = [key for key in session if key.startswith(f"_state_{_NAME}_")]
    begun.sort(key=lambda key: session[key].get("exp", 0))
    for key in begun[: max(0, len(begun) - kept)]:
        del session[key]

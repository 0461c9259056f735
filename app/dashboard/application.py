"""The Flask application: its settings, headers and parts."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup

from tierwatch.config import Config
from tierwatch.config.origins import environment_values, file_values
from tierwatch.dashboard import figures
from tierwatch.dashboard.access import login, oidc, password
from tierwatch.dashboard.access.admission import admit
from tierwatch.dashboard.access.browser_session import cookie_settings
from tierwatch.dashboard.access.oidc import add_oidc
from tierwatch.dashboard.api.blueprint import api
from tierwatch.dashboard.arguments import here, sentence
from tierwatch.dashboard.assets import add_assets
from tierwatch.dashboard.charts.chart import written
from tierwatch.dashboard.charts.picture import picture
from tierwatch.dashboard.forms.typed import typed_form
from tierwatch.dashboard.frame import frame
from tierwatch.dashboard.health import health_blueprint
from tierwatch.dashboard.hooks import acknowledge
from tierwatch.dashboard.pages import (
    audit,
    costs,
    judge,
    policies,
    settings,
    sources,
    types,
)
from tierwatch.dashboard.pages.alerts import alert, alerts, remedies
from tierwatch.dashboard.pages.ceiling import ceiling
from tierwatch.dashboard.pages.entrance import search
from tierwatch.dashboard.pages.overview import overview
from tierwatch.dashboard.pages.pairs import label, pair, pairs, review
from tierwatch.dashboard.pages.people import sessions, users
from tierwatch.dashboard.pages.proposals import proposal, proposals, propose, report, rollout
from tierwatch.dashboard.problems import handle_problems
from tierwatch.dashboard.site import KEY, Database, Site
from tierwatch.dashboard.throttle import Throttle
from tierwatch.dashboard.trusted_proxies import TrustedProxies, read_networks
from tierwatch.errors import SettingsError
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.notify.trial import Trial
from tierwatch.runtime.destinations import signers_of

# Each module's ``routes`` answer its own addresses.
_PAGES = (
    overview,
    alerts,
    alert,
    remedies,
    proposals,
    propose,
    proposal,
    report,
    rollout,
    pairs,
    pair,
    review,
    label,
    judge,
    policies,
    types,
    sources,
    costs,
    ceiling,
    audit,
    settings,
    search,
    users,
    sessions,
    login,
    password,
)
_SHORTEST_KEY = 32
# A form holds a reason of 2,000 characters; anything near this size is not ours.
_LARGEST_BODY = 256 * 1024

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # same-origin and not no-referrer: the CSRF check compares the referrer under https.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def build_dashboard(
    *,
    config: Config,
    engine: Database,
    secret_key: str,
    clock: Callable[[], float],
    gateway_url: str = "",
    dashboard_url: str = "",
    trusted_proxies: str = "",
    metrics_token: str = "",
    open_metrics: bool = True,
    redact: Callable[[str], str] = redact,
    environ: Mapping[str, str] = MappingProxyType({}),
    send_test: Callable[[str], Sequence[Trial]] = lambda _actor: (),
    sealer: Sealer | None = None,
) -> Flask:
    """Build the dashboard.

    Args:
        config: tiers, tolerances, budget.
        engine: Postgres; ``begin()`` to write, ``connect()`` to read.
        secret_key: signs sessions and CSRF tokens; 32 or more characters.
        clock: seconds since 1970.
        gateway_url: shown on the overview.
        dashboard_url: how browsers reach it; where that is https, their cookie goes over it alone.
        trusted_proxies: networks of the proxies in front, whose word for a caller's address counts,
            separated by commas.
        metrics_token: what ``/metrics`` is shown for; empty for API tokens and sessions.
        open_metrics: show ``/metrics`` to anybody.
        send_test: sends a test event to every destination of alerts.
        redact: notes of people who label pairs pass it before they are stored.
        environ: where the secrets of a single sign-on and of signed calls are found.
        sealer: opens images, audio and files of samples.

    Raises:
        SettingsError: the key is too short, or a single sign-on lacks its secret or our address.
    """
    if len(secret_key) < _SHORTEST_KEY:
        raise SettingsError(
            f"TIERWATCH_SECRET_KEY: found {len(secret_key)} characters;"
            f" accepted: {_SHORTEST_KEY} or more"
        )
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret_key,
        **cookie_settings(dashboard_url),
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
        # As long as the session: a form left open over lunch still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    site = Site(
        config,
        engine,
        gateway_url,
        clock,
        Throttle(clock),
        redact,
        send_test,
        sealer,
        lambda kind: signers_of(config, environ, kind),
        file_values=file_values(config.path),
        environment_values=environment_values(environ),
    )
    app.extensions[KEY] = site
    # Before the CSRF check: a stranger is asked to log in, and hears nothing of tokens.
    app.before_request(admit)
    csrf = CSRFProtect(app)
    csrf.exempt(api)
    csrf.exempt(acknowledge.routes)  # their calls are signed
    health = health_blueprint(site, metrics_token=metrics_token, open_metrics=open_metrics)
    for part in (*(page.routes for page in _PAGES), api, health, acknowledge.routes):
        app.register_blueprint(part)
    _add_sign_on(app, config, environ, dashboard_url)
    _add_filters(app, clock)
    app.context_processor(frame)
    app.after_request(_add_headers)
    handle_problems(app)
    # Flask's own way to put something in front of an application.
    app.wsgi_app = TrustedProxies(app.wsgi_app, read_networks(trusted_proxies))  # type: ignore[method-assign]
    return app


def _add_sign_on(
    app: Flask, config: Config, environ: Mapping[str, str], dashboard_url: str
) -> None:
    """The single sign-on that the configuration names, if it names one."""
    sign_on = config.people.oidc
    if sign_on is not None:
        secret = None if sign_on.client_secret is None else sign_on.client_secret.reveal(environ)
        add_oidc(app, sign_on, secret=secret, dashboard_url=dashboard_url)
        app.register_blueprint(oidc.routes)


def _add_filters(app: Flask, clock: Callable[[], float]) -> None:
    """How templates write figures, and where they find our scripts."""
    add_assets(app)
    app.jinja_env.filters.update(
        percent=figures.percent,
        change=figures.change,
        usd=figures.usd,
        count=figures.count,
        sentence=sentence,
        when=time_element,
        ago=lambda at: figures.ago(at, clock()),
        picture=picture,
        written=written,
    )
    app.jinja_env.globals.update(
        interval=figures.interval,
        NOT_ENOUGH=figures.NOT_ENOUGH,
        typed_form=typed_form,
        here=here,
    )


def time_element(at: dt.datetime | None) -> Markup:
    """A moment in UTC that programs can read; static/page.js adds the reader's own time."""
    if at is None:
        return Markup()
    return Markup('<time datetime="{}">{}</time>').format(
        at.astimezone(dt.UTC).isoformat(timespec="seconds"), figures.when(at)
    )


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():  # a page may ask for more of its own
        response.headers.setdefault(name, value)
    if request.endpoint != "static":  # whose headers are `assets`'
        # Pages hold other people's conversations: no copy stays behind in a cache.
        response.headers["Cache-Control"] = "no-store"
    return response

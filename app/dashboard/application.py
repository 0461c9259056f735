"""The Flask application: its settings, headers, errors and parts."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
import waitress
from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from tierwatch.config import Config
from tierwatch.dashboard import figures
from tierwatch.dashboard.access import access, admit
from tierwatch.dashboard.api import api, api_problem
from tierwatch.dashboard.health import health_blueprint
from tierwatch.dashboard.labelling import labelling
from tierwatch.dashboard.pages import ErrorPage
from tierwatch.dashboard.site import KEY, Database, Site, this_site
from tierwatch.dashboard.throttle import Throttle
from tierwatch.dashboard.views import views
from tierwatch.errors import SettingsError
from tierwatch.loop.capture.redact import redact
from tierwatch.store.pages.overview import open_counts
from tierwatch.store.people.roles import Person

_SHORTEST_KEY = 32
# A working day: whoever is on call logs in once a shift.
_SESSION = dt.timedelta(hours=12)
# A form holds a reason of 2,000 characters; anything near this size is not ours.
_LARGEST_BODY = 256 * 1024
# Requests served at once; a page is some milliseconds of Postgres.
_THREADS = 8

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # same-origin and not no-referrer: the CSRF check compares the referrer under https.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: who is logged in, and how much waits for a person."""

    person: Person | None
    alerts: int
    proposals: int
    section: str


def build_dashboard(
    *,
    config: Config,
    engine: Database,
    secret_key: str,
    clock: Callable[[], float],
    gateway_url: str = "",
    secure_cookies: bool = False,
    redact: Callable[[str], str] = redact,
) -> Flask:
    """Build the dashboard.

    Args:
        config: tiers, tolerances, budget.
        engine: Postgres; ``begin()`` to write, ``connect()`` to read.
        secret_key: signs sessions and CSRF tokens; 32 or more characters.
        clock: seconds since 1970.
        gateway_url: shown on the overview.
        redact: notes of people who label pairs pass it before they are stored.
        secure_cookies: send the session cookie over https only; for sites reached by https.

    Raises:
        SettingsError: the key is too short.
    """
    if len(secret_key) < _SHORTEST_KEY:
        raise SettingsError(
            f"TIERWATCH_SECRET_KEY: found {len(secret_key)} characters;"
            f" accepted: {_SHORTEST_KEY} or more"
        )
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret_key,
        SESSION_COOKIE_NAME="tierwatch",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure_cookies,
        PERMANENT_SESSION_LIFETIME=_SESSION,
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
        # As long as the session: a form left open over lunch still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    site = Site(config, engine, gateway_url, clock, Throttle(clock), redact)
    app.extensions[KEY] = site
    # Before the CSRF check: a stranger is asked to log in, not told about tokens.
    app.before_request(admit)
    csrf = CSRFProtect(app)
    csrf.exempt(api)
    for part in (access, views, labelling, api, health_blueprint(site)):
        app.register_blueprint(part)
    app.jinja_env.filters.update(
        percent=figures.percent,
        change=figures.change,
        usd=figures.usd,
        count=figures.count,
        when=figures.when,
        ago=lambda at: figures.ago(at, clock()),
    )
    app.jinja_env.globals.update(interval=figures.interval, NOT_ENOUGH=figures.NOT_ENOUGH)
    app.context_processor(_frame)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _http_error)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.register_error_handler(away, _database_away)
    return app


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until the process is told to stop."""
    waitress.serve(app, host=host, port=port, threads=_THREADS, ident=None)


def _frame() -> dict[str, Any]:
    person: Person | None = g.get("person")
    waiting = {"alerts": 0, "proposals": 0}
    if person is not None and not g.get("database_away", False):
        with this_site().engine.connect() as connection:
            waiting = open_counts(connection)
    section = request.path.split("/", 2)[1]
    return {"frame": Frame(person=person, section=section, **waiting)}


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.endpoint != "static":
        # Pages hold other people's conversations: no copy stays behind in a cache.
        response.headers["Cache-Control"] = "no-store"
    return response


def _http_error(problem: HTTPException) -> ResponseReturnValue:
    if problem.response is not None:
        return problem.response
    status = problem.code or 500
    message = problem.description or ""
    if isinstance(problem, CSRFError):
        message = f"{message.rstrip('.')}. Load the page again and send the form once more."
    elif status == HTTPStatus.NOT_FOUND:
        message = "There is nothing at this address; it may have been a link to something deleted."
    return _error(status, message)


def _database_away(problem: Exception) -> ResponseReturnValue:
    _log.warning("postgres cannot be reached", path=request.path, error=str(problem)[:300])
    g.database_away = True
    return _error(503, "Postgres cannot be reached or is too slow. Load this again in a minute.")


def _error(status: int, message: str) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return api_problem(status, message)
    title = HTTPStatus(status).phrase
    page = ErrorPage(status=status, title=title, message=message, back="/")
    return render_template("error.html", page=page), status

"""What went wrong, in one sentence: a page for people, the API's envelope for programs."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

import structlog
from flask import Flask, g, make_response, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from psycopg.errors import ReadOnlySqlTransaction, UndefinedColumn, UndefinedTable
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from tierwatch.dashboard.api.answers import problem_answer
from tierwatch.dashboard.forms.typed import TypedForm, typed_form
from tierwatch.dashboard.frame import render
from tierwatch.errors import BusyError, PolicyError

# As long as a few turns of hashing take.
_BUSY_S = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong, in one sentence, and where to go.

    ``typed`` is the form that was not taken, and ``again`` whether to send it once more may help.
    """

    template: ClassVar[str] = "error.html"

    title: str
    message: str
    back: str
    typed: TypedForm | None = None
    again: bool = False


def handle_problems(app: Flask) -> None:
    """Answer errors of HTTP, and a database that is away, in our own words."""
    app.register_error_handler(HTTPException, _http_error)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(InternalError, _database_refuses)
    app.register_error_handler(ProgrammingError, _database_lacks)
    app.register_error_handler(PolicyError, _policy_unreadable)
    app.register_error_handler(BusyError, _busy)


def _http_error(problem: HTTPException) -> ResponseReturnValue:
    if problem.response is not None:
        return problem.response
    status = problem.code or 500
    message = problem.description or ""
    if isinstance(problem, CSRFError):
        message = (
            "The form's CSRF token is missing, or of a session that has ended. Nothing was done."
        )
    elif status == HTTPStatus.NOT_FOUND:
        message = "There is nothing at this address; it may have been a link to something deleted."
    wait = getattr(problem, "retry_after", None)
    again = isinstance(problem, CSRFError)
    return _answer(status, message, wait if isinstance(wait, int) else None, again=again)


def _database_away(problem: Exception) -> ResponseReturnValue:
    _log.warning("postgres cannot be reached", path=request.path, error=str(problem)[:300])
    g.database_away = True
    return _answer(503, "Postgres cannot be reached or is too slow. Try again in a minute.")


def _database_refuses(problem: InternalError) -> ResponseReturnValue:
    """A standby before its promotion, or a server that protects its full disk, takes no writes."""
    if not isinstance(problem.orig, ReadOnlySqlTransaction):
        raise problem
    _log.warning("postgres is read-only", path=request.path)
    return _answer(503, "Postgres takes no changes at the moment. Try again in a minute.")


def _database_lacks(problem: ProgrammingError) -> ResponseReturnValue:
    """A dashboard that was upgraded before the tables were."""
    if not isinstance(problem.orig, (UndefinedTable, UndefinedColumn)):
        raise problem
    why = str(problem.orig).partition("\n")[0]
    _log.error("the tables are of an older version", path=request.path, error=why[:300])
    return _answer(503, "The database is not of this version yet. Run: tierwatch migrate.")


def _busy(problem: BusyError) -> ResponseReturnValue:
    return _answer(503, str(problem), _BUSY_S)


def _policy_unreadable(problem: Exception) -> ResponseReturnValue:
    """Nothing can be said in place of the active policy; gateways keep the last one they read."""
    words = str(problem)[:300]
    _log.error("a stored policy cannot be read", path=request.path, error=words)
    return _answer(500, f"A stored policy cannot be shown by this version: {words}.")


def _answer(
    status: int, message: str, wait_s: int | None = None, *, again: bool = False
) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        answer = make_response(problem_answer(status, message))
    else:
        page = ErrorPage(
            title=HTTPStatus(status).phrase,
            message=message,
            back="/",
            typed=typed_form(),
            again=again or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        answer = make_response(render(page), status)
    if wait_s is not None:
        answer.headers["Retry-After"] = str(wait_s)
    return answer

"""Marks a browser that somebody has logged in with, so that strangers' guesses do not keep it out.

The mark opens nothing. It is a second cookie beside the session's, outlives it, and says under
which name the browser was logged in: its slips are counted apart from everybody else's.
"""

import secrets

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

# A person who was away for longer waits like a stranger while their name is being guessed at.
_LASTS_S = 180 * 24 * 3600
_COOKIE = "tierwatch-known"


def known_browser(name: str) -> str:
    """The mark of a browser that was logged in under this name; empty for any other."""
    try:
        read = _serializer().loads(request.cookies.get(_COOKIE, ""), max_age=_LASTS_S)
    except BadData:
        return ""
    match read:
        case [str(whose), str(mark)] if whose == name:
            return mark
        case _:
            return ""


def mark_browser(name: str) -> None:
    """Mark the browser of the present request as one that is logged in under this name."""
    value = _serializer().dumps([name, known_browser(name) or secrets.token_urlsafe(16)])

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            _COOKIE,
            value,
            max_age=_LASTS_S,
            path="/",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
            httponly=True,
            samesite="Strict",
        )
        return response


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="known browser")

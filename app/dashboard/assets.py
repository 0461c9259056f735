"""Addresses of scripts and style sheets that change with their content, so browsers keep them."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from flask import Flask, Response, request, url_for

_DIGITS: Final = 12
_FOR_EVER: Final = "public, max-age=31536000, immutable"
# Asked for by a plain address: checked by its tag, sent again only when it has changed.
_CHECKED: Final = "public, no-cache"


def add_assets(app: Flask) -> None:
    """Give templates ``asset(name)``, and files of our own the headers that go with it."""
    folder = Path(app.static_folder or "")
    app.jinja_env.globals["asset"] = lambda name: asset(folder, name)

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static":
            name, asked = (request.view_args or {})["filename"], request.args.get("v")
            known = response.status_code < 400 and asked and asked == digest(folder / name)  # noqa: PLR2004
            response.headers["Cache-Control"] = _FOR_EVER if known else _CHECKED
        return response


def asset(folder: Path, name: str) -> str:
    """The address of a file of ours, with the digest of its content."""
    return url_for("static", filename=name, v=digest(folder / name))


@cache
def digest(file: Path) -> str:
    """Of a file's content; read once a process, since files change with the version only."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_DIGITS]

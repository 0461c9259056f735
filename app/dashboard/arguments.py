"""What a request's address and form give, checked; and an error's message as a sentence."""

import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import abort, request

from tierwatch.dashboard.site import stored_text

# The largest id a bigint column can hold; a larger one in an address is no page, not an error.
ID = f"int(max={2**63 - 1})"
# A paragraph; the audit keeps it for ever.
LONGEST_REASON = 2_000


def here(changes: Mapping[str, object]) -> str:
    """The address of this page with other words in its query; those that are None are left out.

    The query is anybody's, so its names are not handed to `flask.url_for`, which obeys some.
    """
    words: dict[str, list[object]] = {name: [*request.args.getlist(name)] for name in request.args}
    words |= {name: [] if value is None else [value] for name, value in changes.items()}
    asked = urlencode(words, doseq=True, errors="replace")
    return f"{request.path}?{asked}" if asked else request.path


def before_number() -> int | None:
    """The id to page on from, from the query; None on the first page.

    Raises:
        BadRequest: it is not an id.
    """
    given = request.args.get("before")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or int(given[:20]) >= 2**63:
        abort(400, "before: accepted is the id of the last line of the previous page")
    return int(given)


def before_id() -> uuid.UUID | None:
    """The pair's id to page on from, from the query; None on the first page.

    Raises:
        BadRequest: it is not an id.
    """
    given = request.args.get("before")
    try:
        return None if given is None else uuid.UUID(given)
    except ValueError:
        abort(400, "before: accepted is the id of the last pair of the previous page")


def skipped_pair() -> uuid.UUID | None:
    """The pair that a reviewer skips, from the query; None where it names none."""
    try:
        return uuid.UUID(request.args.get("after", ""))
    except ValueError:
        return None


def choice(name: str, accepted: tuple[str, ...]) -> str | None:
    """One of the accepted words, from the query; None when it is not given.

    Raises:
        BadRequest: another word.
    """
    given = request.args.get(name) or None
    if given is not None and given not in accepted:
        abort(400, f"{name}: accepted are {', '.join(accepted)}")
    return given


def wants(state: str) -> bool:
    """Whether the query asks for the lines of this state alone; all are listed without it.

    Raises:
        BadRequest: another word.
    """
    return choice("state", (state, "all")) == state


def reason() -> str:
    """Why something is done, from the form."""
    return stored_text(request.form.get("why", ""))[:LONGEST_REASON]


def sentence(words: object) -> str:
    """An error's message, or other words, as a sentence on a page.

    >>> sentence(ValueError("a reason is required"))
    'A reason is required.'
    """
    said = str(words).strip().rstrip(".")
    return said[:1].upper() + said[1:] + "."

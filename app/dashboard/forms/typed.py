"""What was typed into a form that was not taken: kept, so that nobody types it twice.

A session may end in the middle of a form, the thing it is about may be gone or decided meanwhile,
Postgres may be away. One place keeps what was typed for all of them: `parts.problem`, the page of
an error and the login page show it, and offer to send it again where that can help.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from tierwatch.dashboard.site import stored_text

# Fields that are never shown again, nor carried through a login.
SECRET: Final = frozenset({"csrf_token", "password", "current", "new", "again"})
# What a login form carries of another form: its address, and its fields, each with this before it.
CARRIED: Final = "kept."
CARRIED_ADDRESS: Final = "kept-address"
_WORDS: Final = {"why": "reason", "to": "assigned to", "lasting": "for", "said": "better answer"}
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field as it was typed; ``label`` is what it is called on a page."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class TypedForm:
    """A form as it was typed, without what is secret.

    Attributes:
        action: the path it was sent to.
        fields: those that were filled in, in their order; at least one.
    """

    action: str
    fields: tuple[TypedField, ...]


def typed_form() -> TypedForm | None:
    """The form that the present request sends; None where nothing was typed, or not on our pages.

    Another site's form is not shown as if the reader had typed it.
    """
    if request.method != "POST" or request.path.startswith("/api/") or not _is_ours():
        return None
    return _form(request.path, _sent())


def carried_form() -> TypedForm | None:
    """The form that a login form carries from before the login; None where it carries none."""
    sent = _sent()
    action = sent.get(CARRIED_ADDRESS, "")
    own = [(name[len(CARRIED) :], value) for name, value in sent.items(multi=True)
           if name.startswith(CARRIED)]  # fmt: skip
    inside = action.startswith("/") and not action.startswith("//") and "\\" not in action
    if not inside or not action.isprintable() or not _is_ours():
        return None
    return _form(action, MultiDict(own))


def _form(action: str, sent: "MultiDict[str, str]") -> TypedForm | None:
    fields = tuple(
        TypedField(name, _WORDS.get(name, name.replace("_", " ")), stored_text(value))
        for name, value in list(sent.items(multi=True))[:_MOST]
        if value.strip() and name not in SECRET and not name.startswith(CARRIED[:-1])
    )
    return TypedForm(action, fields) if fields else None


def _sent() -> "MultiDict[str, str]":
    """The fields of the request; none where they cannot be read, as of a form that is too large."""
    try:
        return request.form
    except HTTPException:
        return MultiDict()


def _is_ours() -> bool:
    """Whether one of our own pages sent the form, as far as the browser says."""
    said = request.headers.get("Sec-Fetch-Site")
    if said is not None:
        return said == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host

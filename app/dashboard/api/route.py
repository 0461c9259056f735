"""One operation of the API: what Flask serves and what the OpenAPI document describes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from flask import abort, request

from tierwatch.dashboard.arguments import ID, LONGEST_REASON
from tierwatch.dashboard.site import stored_text
from tierwatch.dashboard.time_range import ALL
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.store.people.roles import Role

T = TypeVar("T")

# Name of a parameter -> its JSON schema and a sentence.
Query = Mapping[str, tuple[dict[str, Any], str]]

_BEYOND = 1e300

BEFORE: Query = {"before": ({"type": "string"}, "The `before` of the previous page.")}


def range_query(since: str, until: str, *, usual: str) -> Query:
    """The parameters of a stretch of time.

    Args:
        since: what ``from`` means, as "Opened then or later".
        until: what ``to`` means.
        usual: what ``from`` is by default.
    """
    accepted = f"RFC 3339, a time before now as -7d, or {ALL}; {usual} by default."
    return {
        "from": ({"type": "string"}, f"{since}: {accepted}"),
        "to": ({"type": "string"}, f"{until}: likewise; now by default."),
    }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is done; the audit keeps it."""

    why: str


@dataclass(frozen=True)
class Route:
    """One operation.

    Attributes:
        method: GET or POST.
        rule: Flask's rule below the prefix.
        summary: one sentence.
        answers: type of the answer.
        run: takes a connection and the rule's values, returns the answer. POSTs run in a
            transaction.
        role: who may.
        query: parameters, each with its schema and a sentence.
        body: dataclass of the JSON body, or None.
    """

    method: str
    rule: str
    summary: str
    answers: Any
    run: Callable[..., Any]
    role: Role = "viewer"
    query: Query = field(default_factory=dict)
    body: type | None = None

    @property
    def name(self) -> str:
        """Unique name of the operation, as ``get_alerts_alert_id``."""
        words = "".join(c if c.isalnum() else " " for c in self.rule.replace(ID, "")).split()
        return "_".join([self.method.lower(), *words])


def one_of(meaning: str, *accepted: str) -> tuple[dict[str, Any], str]:
    """A parameter that takes one of these words."""
    return {"type": "string", "enum": list(accepted)}, meaning


def there(found: T | None) -> T:
    """What was found.

    Raises:
        NotFound: it is None.
    """
    if found is None:
        abort(404)
    return found


def unreadable(**documents: object) -> dict[str, str]:
    """Why each of these documents cannot be read, by its name; those that can be are left out."""
    return {
        name: document.reason
        for name, document in documents.items()
        if isinstance(document, Unreadable)
    }


def sent(kind: type[T]) -> T:
    """The JSON body as a dataclass of strings and numbers.

    Raises:
        BadRequest: another shape.
    """
    body = _json_body()
    kinds = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(body, dict) or set(body) != set(kinds):
        abort(400, f"the body: accepted is an object with exactly: {', '.join(kinds)}")
    return kind(
        **{
            name: _sent_number(name, body[name]) if of is float else _sent_text(name, body[name])
            for name, of in kinds.items()
        }
    )


def _sent_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        abort(400, f"{name}: accepted is a string")
    return stored_text(value)


def _sent_number(name: str, value: object) -> float:
    # A whole number of any length is JSON; as a float it may be beyond what there is.
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _BEYOND
    if not fits:
        abort(400, f"{name}: accepted is a number")
    return float(value)  # type: ignore[arg-type]  # fits


def _json_body() -> object:
    """The body read as JSON; None where it is none, or nested deeper than Python reads."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def optional_reason() -> str:
    """Why something is done, from the JSON body; empty where none is given."""
    return optional_text("why")


def optional_text(name: str) -> str:
    """A text of the JSON body; empty where none is given."""
    body = _json_body()
    given = body.get(name) if isinstance(body, dict) else None
    return stored_text(given)[:LONGEST_REASON] if isinstance(given, str) else ""


def reason() -> str:
    """Why something is done, from the JSON body.

    Raises:
        BadRequest: there is none.
    """
    body = _json_body()
    why = body.get("why") if isinstance(body, dict) else None
    if not isinstance(why, str):
        abort(400, 'the body: accepted is {"why": "the reason, which the audit keeps"}')
    return stored_text(why)[:LONGEST_REASON]

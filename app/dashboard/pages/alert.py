"""One alert: its evidence, what caused it, and the forms to acknowledge and resolve it."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, sentence
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.passages import conversation
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.errors import ConflictError
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.store.pages.alerts import Alert, alert
from tierwatch.store.pages.audit import AuditLine, audit_lines
from tierwatch.store.pages.pair import pair as load_pair
from tierwatch.store.pages.proposals import Proposal, proposals

routes = Blueprint("alert", __name__)

# A line of a table on a wide screen, two on a phone.
_LINE = 160
# Each is read from the database; observe keeps ten.
_MOST_WORST = 10
# What each part of a change is called on the page, in the order of the sum.
_PARTS = (
    ("change", "Total change"),
    ("mix", "Different traffic (mix)"),
    ("within", "Same traffic, different verdicts"),
    ("judge", "of which the judge"),
    ("quality", "of which the answers"),
)
# Evidence that the alert's page shows in places of its own; the rest is listed by name.
_PLACED = {
    "estimate",
    "whole_stream",
    "tolerance",
    "first_pair",
    "first_request",
    "last_pair",
    "last_request",
    "worst",
}


@dataclass(frozen=True, slots=True)
class WorstPair:
    """A pair of an alert's evidence: the confidence that kept it was the highest.

    ``asked`` is the beginning of the last message, and ``said`` of the judge's reason; both are
    empty once the text is gone.
    """

    pair: str
    request: int | None
    confidence: float | None
    asked: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of notifying one destination of one event of an alert."""

    event: str
    destination: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of the change behind an alert, as a difference of rates."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class AlertPage:
    """An alert with its evidence; ``other`` is what of it has no place of its own.

    ``cause`` is the sentence of its attribution, empty when there is none; ``parts`` and
    ``segments`` are the numbers behind it.
    """

    template: ClassVar[str] = "alert.html"

    alert: Alert
    cause: str
    parts: tuple[PartLine, ...]
    segments: tuple[dict[str, Any], ...]
    estimate: Figure | None
    whole_stream: Figure | None
    tolerance: float | None
    first: WorstPair | None
    last: WorstPair | None
    worst: tuple[WorstPair, ...]
    other: tuple[tuple[str, str], ...]
    notified: tuple[Notice, ...]
    proposals: tuple[Proposal, ...]
    history: tuple[AuditLine, ...]
    problem: str


@routes.get(f"/alerts/<{ID}:alert_id>")
def show(alert_id: int) -> ResponseReturnValue:
    """One alert with its evidence."""
    return _answer(alert_id, "", 200)


@routes.post(f"/alerts/<{ID}:alert_id>/acknowledge")
@require("reviewer")
def acknowledge(alert_id: int) -> ResponseReturnValue:
    """Say that somebody is working on it."""
    return _move(alert_id, acknowledge_alert, "acknowledged")


@routes.post(f"/alerts/<{ID}:alert_id>/resolve")
@require("reviewer")
def resolve(alert_id: int) -> ResponseReturnValue:
    """Close it."""
    return _move(alert_id, resolve_alert, "resolved")


def alert_page(connection: Connection, alert_id: int, *, problem: str = "") -> AlertPage | None:
    """Fill an alert's page; None when there is no such alert."""
    found = alert(connection, alert_id)
    if found is None:
        return None
    evidence, attribution = found.evidence, found.attribution or {}
    return AlertPage(
        alert=found,
        cause=str(attribution.get("sentence") or ""),
        parts=tuple(_part_lines(attribution.get("parts") or {})),
        segments=tuple(attribution.get("evidence", {}).get("segments") or ()),
        estimate=figure(evidence.get("estimate")),
        whole_stream=figure(evidence.get("whole_stream")),
        tolerance=evidence.get("tolerance"),
        first=_end(evidence, "first"),
        last=_end(evidence, "last"),
        worst=tuple(
            _worst_pair(connection, item) for item in (evidence.get("worst") or ())[:_MOST_WORST]
        ),
        other=tuple(
            (name.replace("_", " "), _value(value))
            for name, value in evidence.items()
            if name not in _PLACED and value is not None
        ),
        notified=tuple(_deliveries(found.delivered)),
        proposals=tuple(proposals(connection, alert_id=alert_id)),
        history=tuple(audit_lines(connection, subject=f"alert/{alert_id}")),
        problem=problem,
    )


def _end(evidence: Mapping[str, Any], which: str) -> WorstPair | None:
    pair = evidence.get(f"{which}_pair")
    return None if pair is None else WorstPair(str(pair), evidence.get(f"{which}_request"), None)


def _worst_pair(connection: Connection, item: Mapping[str, Any]) -> WorstPair:
    name = str(item.get("pair"))
    try:
        found = load_pair(connection, uuid.UUID(name))
    except ValueError:
        found = None
    asked = said = ""
    if found is not None and found.request is not None:
        messages, _ = conversation(found.request)
        asked = _beginning(messages[-1].text) if messages else ""
    if found is not None and found.verdicts:
        said = _beginning(found.verdicts[0].reason)
    return WorstPair(name, item.get("request"), item.get("confidence"), asked, said)


def _beginning(text: str) -> str:
    r"""The text on one line, cut where it is long.

    >>> _beginning("two\n lines"), len(_beginning("x" * 1_000))
    ('two lines', 160)
    """
    line = " ".join(text.split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def _part_lines(parts: Mapping[str, Any]) -> Iterator[PartLine]:
    for name, words in _PARTS:
        found = figure(parts.get(name))
        if found is not None:
            yield PartLine(words, found)


def _deliveries(delivered: list[Any]) -> Iterator[Notice]:
    for event in delivered:
        for one in event.get("deliveries") or ():
            yield Notice(
                event=str(event.get("type") or ""),
                destination=str(one.get("destination") or ""),
                ok=bool(one.get("ok")),
                detail=str(one.get("detail") or ""),
            )


def _value(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


class _Move(Protocol):
    def __call__(self, connection: Connection, alert_id: int, *, actor: str) -> object: ...


def _move(alert_id: int, move: _Move, word: str) -> ResponseReturnValue:
    try:
        with this_site().engine.begin() as connection:
            move(connection, alert_id, actor=this_person().name)
    except ConflictError as problem:
        return _answer(alert_id, sentence(problem), 409)
    flash(f"Alert {alert_id} is {word}.")
    return redirect(url_for("alert.show", alert_id=alert_id))


def _answer(alert_id: int, problem: str, status: int) -> ResponseReturnValue:
    with this_site().engine.connect() as connection:
        page = alert_page(connection, alert_id, problem=problem)
    if page is None:
        abort(404)
    return render(page), status

"""An alert that somebody acknowledged in PagerDuty or Slack is acknowledged here."""

import re
from collections.abc import Callable
from typing import Final

import structlog
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from tierwatch.dashboard.site import Site, stored_text, this_site
from tierwatch.errors import ConflictError
from tierwatch.loop.watch.alert import acknowledge_alert
from tierwatch.notify.channels.message import incident_key
from tierwatch.notify.returns.acknowledged import Acknowledged, RefusedCallError, Signer
from tierwatch.notify.returns.pagerduty import read_pagerduty
from tierwatch.notify.returns.slack import read_slack
from tierwatch.store.alerts import load_alert

routes = Blueprint("hooks", __name__, url_prefix="/hooks")

# PagerDuty's largest is 55 KB.
_LARGEST: Final = 128 * 1024
_KEY: Final = re.compile(r"tierwatch-(\d{1,18})-\d{1,20}")

_log = structlog.get_logger(__name__)

Read = Callable[[bytes, "list[Signer]"], Acknowledged | None]


@routes.post("/pagerduty")
def pagerduty() -> ResponseReturnValue:
    """A webhook subscription of PagerDuty's, version 3."""
    headers = {name.lower(): value for name, value in request.headers}
    return _answer("pagerduty", lambda body, signers: read_pagerduty(headers, body, signers))


@routes.post("/slack")
def slack() -> ResponseReturnValue:
    """The interactivity of a Slack app."""
    headers, now_s = {name.lower(): value for name, value in request.headers}, this_site().clock()
    return _answer("slack", lambda body, signers: read_slack(headers, body, signers, now_s=now_s))


def _answer(kind: str, read: Read) -> ResponseReturnValue:
    site = this_site()
    signers = list(site.signers(kind))
    if not signers:
        abort(404)
    if (request.content_length or 0) > _LARGEST:
        return _said(413, f"more than {_LARGEST} bytes")
    try:
        found = read(request.get_data(), signers)
    except RefusedCallError as refused:
        _log.warning("a call of a vendor is refused", vendor=kind, why=str(refused))
        return _said(refused.status, str(refused))
    if found is None:
        return _said(200, "nothing to do")
    if found.call in site.calls:
        return _said(409, "this call has been here before")
    said = _acknowledge(site, found)
    site.calls.add(found.call)
    return _said(200, said)


def _acknowledge(site: Site, found: Acknowledged) -> str:
    named = _KEY.fullmatch(found.key)
    with site.engine.begin() as connection:
        alert = load_alert(connection, int(named[1])) if named else None
        if alert is None or found.key != incident_key(
            {"id": alert.id, "opened_at": alert.opened_at.isoformat()}
        ):
            return "no alert of this tierwatch"
        try:
            acknowledge_alert(connection, alert.id, actor=stored_text(found.actor))
        except ConflictError:  # by somebody else, or here: both meant the same
            return "not open any more"
    return "acknowledged"


def _said(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")

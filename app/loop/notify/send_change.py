"""Send a change: a watched router's new settings, posted to the program that applies them.

Signed as webhooks of alerts are, and tried again as they are, until the program takes it, refuses
it, or somebody else has applied it. A change that was taken with 202 is not applied yet: that the
router's log says, or a person.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx
import orjson
import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.foreign.mirror import apply_change, undo_change
from tierwatch.loop.notify.deliver import pause_s
from tierwatch.notify.answer import Answer
from tierwatch.notify.posting import post
from tierwatch.notify.webhook import EVENT_HEADER, SIGNATURE_HEADER, signature
from tierwatch.store.watched.router_changes import (
    RouterChange,
    change_of,
    due_change,
    hold_change,
    put_try,
)

# Longer than a POST and a name to be resolved before it.
_LEASE_S: Final = 60.0
_ACCEPTED: Final = "HTTP 202"
# Who applies what a webhook was asked for.
WEBHOOK: Final = "webhook"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChangeHook:
    """Whom to ask for a change.

    Attributes:
        url: where to post; often a secret itself, so it is never printed or logged.
        secret: key of the signature; None sends none.
        site: the dashboard's address, for links.
        transport: carries the requests; None for the network.
    """

    url: str = field(repr=False)
    site: str
    secret: str | None = field(default=None, repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)


def send_change(
    *, engine: Engine, hook: ChangeHook | None, chance: Callable[[], float] = random.random
) -> str | None:
    """Ask for the change that is due.

    Args:
        engine: Postgres.
        hook: whom to ask; None asks nobody.
        chance: uniform in [0, 1), for the jitter of pauses.

    Returns:
        ``applied``, ``undone`` or ``asked``; None where nothing was due.
    """
    if hook is None:
        return None
    with engine.begin() as connection:
        change = due_change(connection)
        if change is None:
            return None
        hold_change(connection, change.proposal_id, for_s=_LEASE_S)
    answer = _answer(hook, change)
    try:
        with engine.begin() as connection:
            return _settled(connection, change, answer, chance())
    except ConflictError as problem:
        _log.info("a change was settled while its webhook was asked", why=str(problem))
        return None


def _settled(connection: Connection, change: RouterChange, answer: Answer, chance: float) -> str:
    """Write down an answer and what follows from it."""
    if answer.fate == "taken" and answer.detail != _ACCEPTED:
        if change.state == "undo":
            undo_change(connection, change.proposal_id, actor=WEBHOOK)
            return "undone"
        apply_change(connection, change.proposal_id, actor=WEBHOOK)
        return "applied"
    again = None
    if answer.fate in {"later", "away"}:
        again = answer.wait_s or pause_s(change.tries, chance)
        _log.warning("a change is not taken yet", at=WEBHOOK, why=answer.detail)
    present = change_of(connection, change.proposal_id, lock=True)
    if present is not None and present.state == change.state:
        put_try(connection, change.proposal_id, answer.detail, again_in_s=again)
    return "asked"


def change_body(change: RouterChange, site: str) -> dict[str, object]:
    """What is posted: the thresholds by tier, and the diff of the router's own file."""
    undoes = change.state == "undo"
    before, after = change.before, change.after
    return {
        "type": "router.undo" if undoes else "router.apply",
        "proposal": change.proposal_id,
        "router": change.router,
        "file": change.file,
        "before": after if undoes else before,
        "after": before if undoes else after,
        "diff": change.undo if undoes else change.diff,
        "permalink": f"{site}/proposals/{change.proposal_id}",
    }


def _answer(hook: ChangeHook, change: RouterChange) -> Answer:
    content = orjson.dumps(change_body(change, hook.site))
    headers = {
        "content-type": "application/json",
        # The same whenever it is sent again.
        EVENT_HEADER: f"proposal-{change.proposal_id}-{change.state}",
    }
    if hook.secret:
        headers[SIGNATURE_HEADER] = signature(hook.secret, int(time.time()), content)
    return post(hook.url, content, headers, transport=hook.transport)

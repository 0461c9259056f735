"""Propose: write a proposal down, open for a week, and tell the audit."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tierwatch.store.audit import add_audit
from tierwatch.store.proposals import add_proposal

# Evidence ages with its traffic; a proposal nobody decided in a week is looked for again.
_EXPIRES_AFTER = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Made:
    """A proposal that was made."""

    id: int
    certified: bool


def propose(connection: Connection, **columns: Any) -> Made | None:
    """Write a proposal down; None when its segment has one that is not finished.

    Args:
        connection: in the caller's transaction, the active policy locked.
        columns: of the proposal, but for its state and when it expires.
    """
    expires = dt.datetime.now(dt.UTC) + _EXPIRES_AFTER
    proposal_id = add_proposal(connection, expires_at=expires, **columns)
    if proposal_id is None:
        return None
    of_a_model = columns.get("kind") == "model"
    model = {"kind": "model", "artefact": columns["artefact_id"]} if of_a_model else {}
    add_audit(
        connection,
        actor="tierwatch",
        action="proposal.made",
        subject=f"proposal/{proposal_id}",
        tier=columns["tier"],
        task_type=columns["task_type"],
        certified=columns["certified"],
        **{"from": columns["from_threshold"], "to": columns["to_threshold"]},
        **model,
    )
    return Made(proposal_id, columns["certified"])

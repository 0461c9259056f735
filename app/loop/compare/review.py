"""Review: a person compares a pair, blind, as the judge did; the label corrects the judge."""

import hashlib
import uuid
from typing import Literal

from sqlalchemy import Connection

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.capture.redact import Redactor, storable
from tierwatch.store.audit import add_audit
from tierwatch.store.labels.labels import WITHDRAW_MINUTES, add_label, withdraw_label

_MOST_NOTE = 2_000

Side = Literal["served", "alternative"]
Said = Literal["first", "second", "tie"]


def shown_first(exchange_id: uuid.UUID, reviewer: str) -> Side:
    """Which answer of a pair a person sees first: hashed, so that a reload shows the same."""
    digest = hashlib.blake2b(f"{reviewer}|{exchange_id}".encode(), digest_size=1).digest()
    return "served" if digest[0] % 2 else "alternative"


def label_pair(
    connection: Connection,
    exchange_id: uuid.UUID,
    *,
    reviewer: str,
    said: str,
    redact: Redactor,
    note: str = "",
) -> None:
    """Keep what a person said of a pair.

    Args:
        connection: inside the caller's transaction.
        exchange_id: of the pair.
        reviewer: who looked.
        said: ``first``, ``second`` or ``tie``: which answer was materially better, as shown.
        redact: the note passes it like everything that is stored.
        note: why, if they like.

    Raises:
        UsageError: another word than these three, or too long a note.
        ConflictError: this person labelled the pair before.
    """
    if said not in {"first", "second", "tie"}:
        raise UsageError(f"a label is first, second or tie, not {said!r}")
    if len(note) > _MOST_NOTE:
        raise UsageError(f"a note has at most {_MOST_NOTE:,} characters, not {len(note):,}")
    first = shown_first(exchange_id, reviewer)
    second: Side = "alternative" if first == "served" else "served"
    preferred = {"first": first, "second": second, "tie": "tie"}[said]
    added = add_label(
        connection,
        exchange_id,
        reviewer=reviewer,
        preferred=preferred,
        shown_first=first,
        note=storable(redact(note)),
    )
    if not added:
        raise ConflictError(f"{reviewer} labelled pair {exchange_id} before")
    # Not what was said: whoever gives the second label may read the audit. The label holds it.
    add_audit(
        connection,
        actor=reviewer,
        action="pair.labelled",
        subject=f"pair/{exchange_id}",
    )


def take_label_back(connection: Connection, exchange_id: uuid.UUID, *, reviewer: str) -> str:
    """Withdraw what a person said of a pair, so that they can say it again; its note.

    Args:
        connection: inside the caller's transaction.
        exchange_id: of the pair.
        reviewer: whose label it is.

    Raises:
        ConflictError: there is no label of theirs, it is too old, or somebody labelled after them.
    """
    note = withdraw_label(connection, exchange_id, reviewer)
    if note is None:
        raise ConflictError(
            f"a label can be taken back for {WITHDRAW_MINUTES} minutes, by whoever gave it, until"
            " another person labels the pair"
        )
    add_audit(
        connection,
        actor=reviewer,
        action="pair.label_withdrawn",
        subject=f"pair/{exchange_id}",
    )
    return note

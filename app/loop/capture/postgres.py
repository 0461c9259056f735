"""Adding a captured batch to Postgres, once, and sending the workers word of what is new in it."""

import uuid
from typing import Final

from sqlalchemy import Connection, Engine, text

from tierwatch.dispatch import Dispatch
from tierwatch.faults import FAULTS, guard, is_order
from tierwatch.loop.capture.away import is_away
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.direct.twins import direct_columns, of_exchanges
from tierwatch.loop.capture.document import (
    BatchDocument,
    boundary_counts,
    exchange_columns,
    largest_weights,
    mark_keys,
    media_columns,
    outside_counts,
    rollups,
    twin_documents,
)
from tierwatch.loop.capture.isolate import isolated
from tierwatch.store.direct_pairs import add_direct_pairs
from tierwatch.store.traffic.boundary_traffic import add_boundary_counts, note_largest_weights
from tierwatch.store.traffic.exchanges import add_exchanges
from tierwatch.store.traffic.media import add_mark_keys, add_media
from tierwatch.store.traffic.outside_counts import add_outside_counts
from tierwatch.store.traffic.rollups import add_counts, claim_flushes, has_flush
from tierwatch.store.traffic.work import add_attempts

# Of a batch that times out: a part is too slow beyond this, one row needs some ten time-outs to be
# found among a thousand, and what is left may take longer than each of its parts did.
_PART_WITHIN_MS: Final = 15_000
_MOST_TIMEOUTS: Final = 40
_WHOLE_WITHIN_MS: Final = 600_000


class BatchStore:
    """Adds batches. Used by one thread.

    Args:
        engine: Postgres.
        dispatch: sends workers new exchanges.
        letters: take what Postgres refuses.

    Attributes:
        requests: counted by the batches added, those sent twice once.
        refused: exchanges that Postgres would not take.
    """

    def __init__(self, engine: Engine, dispatch: Dispatch, letters: DeadLetters) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._letters = letters
        self.requests = 0
        self.refused = 0

    def reach(self) -> None:
        """Open a connection; what it raises while there is none to be had `is_away`."""
        with self._engine.connect():
            pass

    def commit(self, document: BatchDocument) -> None:
        """Add a batch once, then send word. What Postgres refuses of it costs only itself.

        Raises:
            Exception: nothing was added, or the commit was not heard of; the batch may be sent
                again. Postgres `is_away`, or the batch cannot be added even in parts.
        """
        try:
            self.commit_whole(document)
        except BaseException as error:
            if is_away(error) or is_order(error):
                raise
            FAULTS.note("capture: commit", error)
            self._commit_apart(document)

    def commit_whole(self, document: BatchDocument) -> None:
        """Add a batch once, all of it or nothing, then send word.

        Raises:
            Exception: as it came from the database or from a part of the batch.
        """
        self._send(self._add(document) or [])

    def commit_slow(self, document: BatchDocument) -> None:
        """As `commit`, for a batch that has timed out by itself: what of it is too slow goes apart.

        Raises:
            Exception: as `commit`; also where too much of it is too slow.
        """
        self._commit_apart(document, timeouts=_MOST_TIMEOUTS)

    def has(self, flush_id: str) -> bool:
        """Whether a batch was added.

        Raises:
            Exception: Postgres is away.
        """
        with self._engine.connect() as connection:
            return has_flush(connection, uuid.UUID(flush_id))

    def _commit_apart(self, document: BatchDocument, *, timeouts: int = 0) -> None:
        with self._engine.connect() as connection:  # never committed
            if timeouts:
                connection.execute(text(f"set local statement_timeout = {_PART_WITHIN_MS}"))
            split = isolated(connection, document, timeouts=timeouts)
        new = self._add(split.document, within_ms=_WHOLE_WITHIN_MS if timeouts else None)
        if new is None:
            return
        # After the commit: until then a batch that has to wait would send its letters again.
        self.refused += split.dropped
        for letter in split.letters:
            self._letters.keep(letter)
        self._send(new)

    def _add(
        self, document: BatchDocument, *, within_ms: int | None = None
    ) -> list[uuid.UUID] | None:
        """All parts in one transaction; gives the ids that were new, None when it was there."""
        counts = rollups(document["counts"])
        with self._engine.begin() as connection:
            if within_ms is not None:
                connection.execute(text(f"set local statement_timeout = {within_ms}"))
            new = add_batch(connection, document)
        if new is not None:
            self.requests += sum(row["requests"] for row in counts)
        return new

    def _send(self, new: list[uuid.UUID]) -> None:
        """Ask for the shadow answers; what is not sent, whatever the reason, the sweep finds."""
        if new:
            with guard("capture: dispatch"):
                self._dispatch.shadow_exchanges(new)


def add_batch(connection: Connection, document: BatchDocument) -> list[uuid.UUID] | None:
    """Add all parts of a batch once; gives the exchanges that were new, None where it was there."""
    if not claim_flushes(connection, [uuid.UUID(document["flush_id"])]):
        return None
    return add_parts(connection, document)


def add_parts(connection: Connection, document: BatchDocument) -> list[uuid.UUID]:
    """Add all parts of a batch, whatever its id; gives the exchanges that were new."""
    add_counts(connection, rollups(document["counts"]))
    add_attempts(connection, document["attempts"])
    add_boundary_counts(connection, boundary_counts(document["boundaries"]))
    note_largest_weights(connection, largest_weights(document["weights"]))
    add_outside_counts(connection, outside_counts(document["outside"]))
    sampled = [*document["exchanges"], *twin_documents(document)]
    new = add_exchanges(connection, [exchange_columns(one) for one in sampled])
    add_mark_keys(connection, mark_keys(sampled))
    add_media(connection, media_columns(sampled))
    direct = of_exchanges(document["exchanges"], document["direct"])
    add_direct_pairs(connection, direct_columns(direct))
    return new

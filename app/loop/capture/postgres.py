"""Adding a captured batch to Postgres, once, and telling the workers of what is new in it."""

import uuid
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import ProgrammingError as SchemaError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tierwatch.dispatch import Dispatch
from tierwatch.loop.capture.counts import Key, add, one_dropped, rollup
from tierwatch.loop.capture.document import (
    BatchDocument,
    ExchangeDocument,
    boundary_counts,
    count_of_row,
    counted_under,
    exchange_columns,
)
from tierwatch.store.traffic.exchanges import add_exchanges
from tierwatch.store.traffic.rollups import add_boundary_counts, add_rollups
from tierwatch.store.traffic.work import add_attempt

_log = structlog.get_logger(__name__)

# What is raised while Postgres is away. SchemaError: tables are missing until somebody migrates,
# which is as good as away.
AWAY: Final = (OperationalError, InterfaceError, SchemaError, PoolTimeoutError, OSError)


class BatchStore:
    """Adds batches. Used by one thread.

    Args:
        engine: Postgres.
        dispatch: tells workers of new exchanges.

    Attributes:
        requests: counted by the batches added, those sent twice once.
        refused: exchanges that Postgres would not take.
    """

    def __init__(self, engine: Engine, dispatch: Dispatch) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self.requests = 0
        self.refused = 0

    def reach(self) -> None:
        """Open a connection; raises one of `AWAY` while there is none to be had."""
        with self._engine.connect():
            pass

    def commit(self, document: BatchDocument) -> None:
        """Add a batch once, then tell the workers. A row Postgres refuses costs only itself.

        Raises:
            AWAY: nothing was added, or the commit was not heard of; the batch may be sent again.
        """
        try:
            new = self._add(document)
        except (DataError, IntegrityError) as problem:
            # The kind only: Postgres quotes the text it refuses, and no content is logged.
            _log.error("a captured exchange cannot be stored", why=type(problem.orig).__name__)
            new = self._add(self._without_refused(document))
        for exchange_id in new:
            if not self._dispatch.shadow_exchange(exchange_id):
                break

    def _add(self, document: BatchDocument) -> list[uuid.UUID]:
        """Counts, attempts and exchanges in one transaction; gives the ids that were new."""
        merged: dict[Key, list[float]] = {}
        for row in document["counts"]:
            add(merged, *count_of_row(row))
        counts = [rollup(key, figures) for key, figures in merged.items()]
        with self._engine.begin() as connection:
            if not add_rollups(connection, uuid.UUID(document["flush_id"]), counts):
                return []
            for attempt in document["attempts"]:
                add_attempt(connection, **attempt)
            add_boundary_counts(connection, boundary_counts(document))
            exchanges = [exchange_columns(one) for one in document["exchanges"]]
            new = add_exchanges(connection, exchanges)
        self.requests += sum(row["requests"] for row in counts)
        return new

    def _without_refused(self, document: BatchDocument) -> BatchDocument:
        """The batch without the exchanges Postgres would not take, which are counted as dropped."""
        kept, dropped = [], []
        for exchange in document["exchanges"]:
            if self._takes(exchange):
                kept.append(exchange)
            else:
                dropped.append([*counted_under(exchange), *one_dropped()])
        self.refused += len(dropped)
        return {**document, "exchanges": kept, "counts": document["counts"] + dropped}

    def _takes(self, exchange: ExchangeDocument) -> bool:
        with self._engine.connect() as connection:  # never committed
            try:
                add_exchanges(connection, [exchange_columns(exchange)])
            except (DataError, IntegrityError):
                return False
            return True

"""Sweep: send again what lost its message; the row is the truth."""

import structlog
from sqlalchemy import Engine

from tierwatch.dispatch import Dispatch
from tierwatch.retry_after import LONGEST_WAIT_S
from tierwatch.store.traffic.work import left_lying, release_absurd_claims

# With more than this waiting, the rows' messages are most likely still in the queue.
_BUSY = 500
_BATCH = 2_000


_log = structlog.get_logger()


def sweep(*, engine: Engine, dispatch: Dispatch, older_than_s: float, hold_s: float) -> int:
    """Ask again for unfinished exchanges that nobody holds and that have waited long enough.

    Args:
        engine: Postgres.
        dispatch: tells the workers.
        older_than_s: age from which work may have been forgotten.
        hold_s: how long a worker's claim holds. One that would hold for twice that, and for twice
            the longest wait between two tries, is nobody's and is ended.

    Returns:
        How many messages were sent.
    """
    with engine.begin() as connection:
        longest_s = 2 * max(hold_s, LONGEST_WAIT_S)
        released = release_absurd_claims(connection, longest_s=longest_s)
    if released:
        _log.warning("claims that would have held for years were ended", claims=released)
    waiting = dispatch.backlog()
    if waiting is None or waiting > _BUSY:
        return 0
    with engine.connect() as connection:
        found = left_lying(connection, older_than_s=older_than_s, limit=_BATCH)
    send = {"shadow": dispatch.shadow_exchange, "judge": dispatch.judge_exchange}
    return sum(send[step](exchange_id) for exchange_id, step in found)

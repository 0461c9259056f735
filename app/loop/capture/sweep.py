"""Sweep: send again what lost its message; the row is the truth."""

from sqlalchemy import Engine

from tierwatch.dispatch import Dispatch
from tierwatch.store.traffic.work import left_lying

# With more than this waiting, the rows' messages are most likely still in the queue.
_BUSY = 500
_BATCH = 2_000


def sweep(*, engine: Engine, dispatch: Dispatch, older_than_s: float) -> int:
    """Ask again for unfinished exchanges that nobody holds and that have waited long enough.

    Returns:
        How many messages were sent.
    """
    waiting = dispatch.backlog()
    if waiting is None or waiting > _BUSY:
        return 0
    with engine.connect() as connection:
        found = left_lying(connection, older_than_s=older_than_s, limit=_BATCH)
    send = {"shadow": dispatch.shadow_exchange, "judge": dispatch.judge_exchange}
    return sum(send[step](exchange_id) for exchange_id, step in found)

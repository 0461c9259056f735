"""Ending the tasks that work behind the requests' back."""

import asyncio
from collections.abc import Iterable

import structlog

# A library under a task may take a cancellation for its own time-out and go on; then it is asked
# again after this long. On a busy machine one of a few hundred stops of a gateway hung that way.
_AGAIN_S = 0.5
# Then they are left: what they would still do is of no use to anybody, and the process ends.
_TRIES = 4

_log = structlog.get_logger(__name__)


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks until they have ended, for 2 s; what they raise is not asked for."""
    going = set(tasks)
    for _ in range(_TRIES):
        for task in going:
            task.cancel()
        if not going:
            return
        ended, going = await asyncio.wait(going, timeout=_AGAIN_S)
        await asyncio.gather(*ended, return_exceptions=True)
    if going:
        names = sorted(task.get_name() for task in going)
        _log.error("tasks do not end and are left", tasks=names)

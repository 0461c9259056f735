"""Ending the tasks that work behind the requests' back."""

import asyncio
from collections.abc import Iterable

# A library under a task may take a cancellation for its own time-out and go on; then it is asked
# again after this long. On a busy machine one of a few hundred stops of a gateway hung that way.
_AGAIN_S = 0.5


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks until they have ended; what they raise is not asked for."""
    going = set(tasks)
    while going:
        for task in going:
            task.cancel()
        ended, going = await asyncio.wait(going, timeout=_AGAIN_S)
        await asyncio.gather(*ended, return_exceptions=True)

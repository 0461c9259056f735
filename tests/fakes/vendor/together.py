"""Questions that are answered when so many of them are here at once, and not before."""

import asyncio
from dataclasses import dataclass, field

from fakes.vendor.refusals import RefusedError

# Programs of the command line start within a minute on two cores; on a busy machine, within this.
LIMIT_S = 1_200.0


@dataclass
class Gathering:
    """Those that wait for each other."""

    here: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)


class Together:
    """Every gathering by its name."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._gatherings: dict[str, Gathering] = {}

    async def join(self, mark: str) -> None:
        """Wait until as many are here as the mark says: ``50 NAME``.

        Raises:
            RefusedError: 400, which no client asks again after, when they do not come.
        """
        number, _, name = mark.partition(" ")
        gathering = self._gatherings.setdefault(name, Gathering())
        gathering.here += 1
        if gathering.here >= int(number):
            gathering.full.set()
        try:
            await asyncio.wait_for(gathering.full.wait(), self._limit_s)
        except TimeoutError:
            told = f"Only {gathering.here} of {number} were here at once."
            raise RefusedError(told) from None

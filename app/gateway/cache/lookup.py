"""What became of a lookup into the response cache."""

from dataclasses import dataclass, replace
from typing import Literal

from tierwatch.gateway.cache.cache_key import CacheKey
from tierwatch.wire.cached_reply import CachedAnswer

Status = Literal["hit", "semantic", "miss", "off"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What became of a lookup into the cache.

    Attributes:
        status: for the caller.
        key: where to keep the answer; None when it is not to be kept.
        answer: on a hit.
    """

    status: Status
    key: CacheKey | None = None
    answer: CachedAnswer | None = None

    def refused(self) -> "Lookup":
        """The same lookup when its answer is not to be given: the next one takes its place."""
        return replace(self, status="miss", answer=None)


OFF = Lookup("off")

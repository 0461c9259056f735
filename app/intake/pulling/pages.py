"""What a vendor's file gives: pages of records, each with the place behind it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from tierwatch.intake.pulling.asking import Api, AwayError
from tierwatch.intake.pulling.place import PullPlace
from tierwatch.store.documents import Json
from tierwatch.wire.json_values import objects

# Records of a page: the most that OpenAI and Langfuse's first API give.
PAGE: Final = 100


class Page(NamedTuple):
    """Records that were not taken before, and the place once they are.

    Attributes:
        records: as the vendor's export has them.
        after: to be kept when they are.
    """

    records: Sequence[Json]
    after: PullPlace


class Walk(NamedTuple):
    """A walk over what is new.

    Attributes:
        place: where it begins or goes on.
        now: seconds since 1970.
        overlap_s: how long after its begin a call may still become visible.
    """

    place: PullPlace
    now: float
    overlap_s: float

    @property
    def settled(self) -> float:
        """What began before this moment is there, and will not change."""
        return self.now - self.overlap_s


Pages: TypeAlias = Callable[[Api, Walk], Iterator[Page]]


def listed(page: Json) -> list[Json]:
    """The records of a page.

    Raises:
        AwayError: it has no list of records.
    """
    if not isinstance(page.get("data"), list):
        raise AwayError("a page came without a list of records")
    return objects(page["data"])

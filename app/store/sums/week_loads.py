"""What was judged of each segment in the last week, and what that cost.

That is a join of all pairs of the week with their exchanges, whatever page asks. It is kept by what
it is made of, which an index has: as long as no pair has come or gone it is the same.
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from tierwatch.store.judgements.bursts import SegmentLoad, segment_loads
from tierwatch.store.reading.one_row import Part

_WEEK: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SampledWeek:
    """The last seven days, each of the week once.

    Attributes:
        now: their end.
        first: when their first sampled exchange arrived; None without one.
        verdicts: given in them: how many, a digest of whose, what they cost.
        answers: alternatives of them, likewise.
    """

    now: dt.datetime
    first: dt.datetime | None
    verdicts: tuple[object, ...] = ()
    answers: tuple[object, ...] = ()

    @property
    def since(self) -> dt.datetime:
        """Their beginning."""
        return self.now - _WEEK

    def days(self, *, least: dt.timedelta) -> float:
        """How long of them was sampled; 0 where nothing was."""
        if self.first is None:
            return 0.0
        return max(self.now - max(self.first, self.since), least) / dt.timedelta(days=1)


def _digest(table: str) -> str:
    return (
        "(select jsonb_build_array(count(*), bit_xor(uuid_hash_extended(exchange_id, 0)),"  # noqa: S608 - ours
        f" sum(cost_usd)) from {table} where created_at >= now() - interval '7 days')"
    )


SAMPLED_WEEK: Final = Part(
    (
        "now()",
        """(select arrived_at from exchanges
            where id >= first_id_of(now() - interval '7 days') order by id limit 1)""",
        _digest("verdicts"),
        _digest("alternatives"),
    ),
    lambda now, first, verdicts, answers: SampledWeek(now, first, tuple(verdicts), tuple(answers)),
)

# A process reads one database; a rollout of its tests reads some more.
_MOST: Final = 8
_kept: OrderedDict[tuple[object, ...], Sequence[SegmentLoad]] = OrderedDict()
_lock = Lock()


def week_loads(connection: Connection, week: SampledWeek) -> Sequence[SegmentLoad]:
    """`bursts.segment_loads` of the week.

    Args:
        connection: any.
        week: as it was read; the same or less is kept of it later.
    """
    key = (week.verdicts, week.answers)
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = tuple(segment_loads(connection, week.since))
        with _lock:
            _kept[key] = found
            while len(_kept) > _MOST:
                _kept.popitem(last=False)
    return found

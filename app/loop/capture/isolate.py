"""Finding what of a batch Postgres does not take, so that it costs only itself.

Everything is tried inside one transaction that is never committed: the whole list first, then
halves of it, down to what fails alone.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from tierwatch.faults import cause_of, is_order
from tierwatch.loop.capture.away import is_away, is_timeout
from tierwatch.loop.capture.backlog.dead_letters import Letter
from tierwatch.loop.capture.counts import KEY_PARTS, SAMPLED, one_dropped
from tierwatch.loop.capture.direct.twins import TwinDocument, direct_columns, of_exchanges
from tierwatch.loop.capture.document import (
    BatchDocument,
    ExchangeDocument,
    OutsideRow,
    WeightRow,
    boundary_counts,
    counted_under,
    exchange_columns,
    largest_weights,
    mark_keys,
    media_columns,
    new_flush,
    outside_counts,
    rollups,
    twin_documents,
)
from tierwatch.store.direct_pairs import add_direct_pairs
from tierwatch.store.documents import JsonList
from tierwatch.store.traffic.boundary_traffic import add_boundary_counts, note_largest_weights
from tierwatch.store.traffic.exchanges import add_exchanges
from tierwatch.store.traffic.media import add_mark_keys, add_media
from tierwatch.store.traffic.outside_counts import add_outside_counts
from tierwatch.store.traffic.rollups import add_counts
from tierwatch.store.traffic.work import add_attempts

T = TypeVar("T")

# Figures that are no counts of requests: what a provider said, and what follows from it.
_CORE = 7


class _Trial(NamedTuple):
    """Where parts of a batch are tried, and in a list of one how many may still time out."""

    connection: Connection
    timeouts: list[int]

    def bears(self, error: BaseException) -> bool:
        """Whether an error is a time-out that need not end the search."""
        if not is_timeout(error) or not self.timeouts[0]:
            return False
        self.timeouts[0] -= 1
        return True


@dataclass(frozen=True, slots=True)
class Isolated:
    """A batch without what Postgres does not take, and a letter for each thing taken out."""

    document: BatchDocument
    letters: tuple[Letter, ...]
    dropped: int


def isolated(connection: Connection, document: BatchDocument, *, timeouts: int = 0) -> Isolated:
    """Split a batch into what can be written and what cannot.

    Args:
        connection: in a transaction that the caller takes back.
        document: the batch; it stays the same flush.
        timeouts: so many statements may time out on the way to what is too slow.

    Raises:
        Exception: Postgres is away, see `is_away`.
    """
    trial = _Trial(connection, [timeouts])
    counts, exchanges, letters = _apart_counts(trial, document)
    bad = _refused(trial, exchanges, _add_exchanges)
    exchanges = _without(exchanges, bad)
    direct = of_exchanges(exchanges, document["direct"])
    bad_direct = _refused(trial, direct, _adding_twins_of(exchanges))
    dropped = []
    for exchange, cause in bad:
        row = _dropped_row(trial, counts, exchange)
        dropped += row
        taken_back = [[*one[:KEY_PARTS], *(-figure for figure in one[KEY_PARTS:])] for one in row]
        own = of_exchanges([exchange], document["direct"])
        back = new_flush(counts=taken_back, exchanges=[exchange], direct=own)
        letters.append(Letter("exchange", cause, back))
    boundaries = list(document["boundaries"])
    bad_boundaries = _refused(trial, boundaries, _add_boundaries)
    weights = list(document["weights"])
    bad_weights = _refused(trial, weights, _note_weights)
    attempts = list(document["attempts"])
    bad_attempts = _refused(trial, attempts, add_attempts)
    outside = list(document["outside"])
    bad_outside = _refused(trial, outside, _add_outside)
    letters += [
        *(
            Letter("direct", why, new_flush(exchanges=_exchange_of(one, exchanges), direct=[one]))
            for one, why in bad_direct
        ),
        *(Letter("outside", why, new_flush(outside=[one])) for one, why in bad_outside),
        *(Letter("boundary", why, new_flush(boundaries=[one])) for one, why in bad_boundaries),
        *(Letter("weight", why, new_flush(weights=[one])) for one, why in bad_weights),
        *(Letter("attempt", why, new_flush(attempts=[one])) for one, why in bad_attempts),
    ]
    left: BatchDocument = {
        **document,
        "counts": counts + dropped,
        "exchanges": exchanges,
        "direct": _without(direct, bad_direct),
        "boundaries": _without(boundaries, bad_boundaries),
        "weights": _without(weights, bad_weights),
        "outside": _without(outside, bad_outside),
        "attempts": _without(attempts, bad_attempts),
    }
    return Isolated(left, tuple(letters), len(bad))


def _apart_counts(
    trial: _Trial, document: BatchDocument
) -> tuple[list[JsonList], list[ExchangeDocument], list[Letter]]:
    """Rows of counts that can be written, the exchanges that may stay, and what is taken out.

    Of a row the requests stay, where they can, and only what a provider's counts made of it goes.
    """
    letters = []
    exchanges = list(document["exchanges"])
    bad = _refused(trial, document["counts"], _add_counts)
    counts = _without(document["counts"], bad)
    for row, cause in bad:
        core, rest = _parted(row)
        if core and not _refused(trial, [core], _add_counts):
            counts.append(core)
            letters.append(Letter("count", cause, new_flush(counts=[rest])))
            continue
        # Not even that there was a request: then its exchanges must not be there either.
        with_it = [one for one in exchanges if _is_counted_in(one, row)]
        exchanges = [one for one in exchanges if not _is_counted_in(one, row)]
        letters.append(Letter("count", cause, new_flush(counts=[row], exchanges=with_it)))
    return counts, exchanges, letters


def _parted(row: JsonList) -> tuple[JsonList, JsonList]:
    """A row of counts as two: requests and their like, and all other figures."""
    at = KEY_PARTS + _CORE
    if not isinstance(row, list) or len(row) < at:
        return [], row
    core = [*row[:at], *[0.0] * (len(row) - at)]
    return core, [*row[:KEY_PARTS], *[0.0] * _CORE, *row[at:]]


def _dropped_row(
    trial: _Trial, counts: list[JsonList], exchange: ExchangeDocument
) -> list[JsonList]:
    """The row by which an exchange is counted as dropped, where it was counted.

    One whose own figures cannot be read is dropped where any was sampled: the sums hold.
    """
    places = [row[:KEY_PARTS] for row in counts if row[KEY_PARTS + SAMPLED]]
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        own = list(counted_under(exchange))
        places = [place for place in places if place == own] + places
    rows = [[*place, *one_dropped()] for place in places[:1]]
    return [] if _refused(trial, rows, _add_counts) else rows


def _without(items: Sequence[T], bad: list[tuple[T, str]]) -> list[T]:
    gone = {id(item) for item, _ in bad}
    return [item for item in items if id(item) not in gone]


def _refused(
    trial: _Trial, items: Sequence[T], add: Callable[[Connection, Sequence[T]], object]
) -> list[tuple[T, str]]:
    """Items that cannot be added, each with the kind of exception it raised alone."""
    if not items:
        return []
    try:
        with trial.connection.begin_nested():
            add(trial.connection, items)
    except BaseException as error:
        if is_order(error) or (is_away(error) and not trial.bears(error)):
            raise
        if len(items) == 1:
            return [(items[0], cause_of(error))]
        half = len(items) // 2
        return [
            *_refused(trial, items[:half], add),
            *_refused(trial, items[half:], add),
        ]
    return []


def _add_counts(connection: Connection, rows: Sequence[JsonList]) -> None:
    add_counts(connection, rollups(rows))


def _add_exchanges(connection: Connection, rows: Sequence[ExchangeDocument]) -> None:
    add_exchanges(connection, [exchange_columns(row) for row in rows])
    add_mark_keys(connection, mark_keys(rows))
    add_media(connection, media_columns(rows))


def _adding_twins_of(
    exchanges: Sequence[ExchangeDocument],
) -> Callable[[Connection, Sequence[TwinDocument]], None]:
    def add(connection: Connection, rows: Sequence[TwinDocument]) -> None:
        _add_exchanges(connection, twin_documents(new_flush(exchanges=exchanges, direct=rows)))
        add_direct_pairs(connection, direct_columns(rows))

    return add


def _exchange_of(
    row: TwinDocument, exchanges: Sequence[ExchangeDocument]
) -> list[ExchangeDocument]:
    return [one for one in exchanges if one["id"] == row["of"]]


def _add_boundaries(connection: Connection, rows: Sequence[tuple[int, str, int, int]]) -> None:
    add_boundary_counts(connection, boundary_counts(rows))


def _note_weights(connection: Connection, rows: Sequence[WeightRow]) -> None:
    note_largest_weights(connection, largest_weights(rows))


def _add_outside(connection: Connection, rows: Sequence[OutsideRow]) -> None:
    add_outside_counts(connection, outside_counts(rows))


def _is_counted_in(exchange: ExchangeDocument, row: JsonList) -> bool:
    try:
        return list(counted_under(exchange)) == row[:KEY_PARTS]
    except (KeyError, TypeError, ValueError, OverflowError):
        return False

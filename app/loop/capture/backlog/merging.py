"""Several batches as one: what is counted is added up, and the rest stands in a row."""

from collections.abc import Sequence
from typing import Final

from tierwatch.loop.capture.counts import BoundaryKey, Key, OutsideKey, add, note_largest
from tierwatch.loop.capture.document import BatchDocument, count_of_row, outside_rows

# Failed calls kept of those merged; more tell nothing new.
_ATTEMPTS_KEPT: Final = 1_000


def merged(documents: Sequence[BatchDocument]) -> BatchDocument:
    """Batches as one, under the flush id of the first.

    Args:
        documents: one or more; none may have reached Postgres by itself.
    """
    counts: dict[Key, list[float]] = {}
    boundaries: dict[BoundaryKey, int] = {}
    weights: dict[BoundaryKey, float] = {}
    outside: dict[OutsideKey, list[float]] = {}
    for document in documents:
        for minute, tier, reason, requests, drawn in document["outside"]:
            add(outside, (minute, tier, reason), [requests, drawn])
        for row in document["counts"]:
            add(counts, *count_of_row(row))
        for day, boundary, cents, came in document["boundaries"]:
            key = (day, boundary, cents)
            boundaries[key] = boundaries.get(key, 0) + came
        for day, boundary, cents, weight in document["weights"]:
            note_largest(weights, (day, boundary, cents), weight)
    return {
        **documents[0],
        "counts": [[*key, *figures] for key, figures in counts.items()],
        "boundaries": [(*key, requests) for key, requests in boundaries.items()],
        "weights": [(*key, weight) for key, weight in weights.items()],
        "outside": outside_rows(outside),
        "exchanges": [one for document in documents for one in document["exchanges"]],
        "direct": [one for document in documents for one in document["direct"]],
        "attempts": [one for document in documents for one in document["attempts"]][
            :_ATTEMPTS_KEPT
        ],
    }

"""Figures of served exchanges, added up in memory by the minute and by what they are counted under.

A batch lives between two flushes. Its figures are plain lists of numbers, so that counting a
request is a handful of additions, and so that a spooled batch is short.
"""

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, TypeVar

from tierwatch.evaluation.sampling.allocation import confidence_bin
from tierwatch.evaluation.sampling.inclusion import Inclusion
from tierwatch.loop.capture.exchange import Attempt, ServedExchange
from tierwatch.store.traffic.rollups import RollupColumns

# Minute (seconds since 1970), tier, task type, bin of confidence, policy version.
Key: TypeAlias = tuple[int, str, str, int, int]
# Day (since 1970), boundary, confidence in cents.
BoundaryKey: TypeAlias = tuple[int, str, int]
# Minute (seconds since 1970), tier, why the exchange cannot be evidence; "" of one that is drawn.
OutsideKey: TypeAlias = tuple[int, str, str]

# New figures go to the end: rows that an older version spooled are shorter.
FIGURES: Final = (
    "requests",
    "finished",
    "errors",
    "escalated",
    "sampled",
    "dropped",
    "eligible",
    "prompt_tokens",
    "completion_tokens",
    "expected",
    "cost_usd",
    "cost_top_tier_usd",
    "latency_ms",
    "cached_tokens",
    "classifier_cost_usd",
)
WIDTH: Final = len(FIGURES)
DROPPED: Final = FIGURES.index("dropped")
SAMPLED: Final = FIGURES.index("sampled")
KEY_PARTS: Final = 5


class Sampled(NamedTuple):
    """An exchange that was drawn.

    Attributes:
        served: as the gateway closed it.
        chosen: how it is compared.
        number: of the request.
        chance: with which it was drawn, in either direction.
    """

    served: ServedExchange
    chosen: Inclusion
    number: int
    chance: float


@dataclass(slots=True)
class Batch:
    """What happened since the last flush.

    ``outside`` has requests and how many of them were drawn; ``weights`` the largest weight that a
    pair of a boundary may have had, drawn or not.
    """

    counts: dict[Key, list[float]] = field(default_factory=dict)
    outside: dict[OutsideKey, list[float]] = field(default_factory=dict)
    sampled: list[Sampled] = field(default_factory=list)
    attempts: list[tuple[uuid.UUID, Attempt]] = field(default_factory=list)
    boundaries: Counter[BoundaryKey] = field(default_factory=Counter)
    weights: dict[BoundaryKey, float] = field(default_factory=dict)


def key_of(served: ServedExchange) -> Key:
    """What a served exchange is counted under."""
    decision = served.decision
    return (
        int(served.arrived_at) // 60 * 60,
        served.served_tier,
        decision.task_type,
        confidence_bin(decision.confidence),
        decision.policy_version,
    )


K = TypeVar("K")


def add(counts: dict[K, list[float]], key: K, row: list[float]) -> None:
    """Add a row of figures to those of its key.

    >>> counts = {(0, "simple", "all", 3, 1): [1.0, 2.0]}
    >>> add(counts, (0, "simple", "all", 3, 1), [1.0, 0.5])
    >>> counts
    {(0, 'simple', 'all', 3, 1): [2.0, 2.5]}
    """
    mine = counts.setdefault(key, [0.0] * len(row))
    for place, amount in enumerate(row):
        mine[place] += amount


def note_largest(weights: dict[BoundaryKey, float], key: BoundaryKey, weight: float) -> None:
    """Keep the larger of a weight and the one that is noted under its key.

    >>> weights = {(20_000, "simple", 71): 20.0}
    >>> note_largest(weights, (20_000, "simple", 71), 12.5)
    >>> note_largest(weights, (20_000, "simple", 98), 33.0)
    >>> weights
    {(20000, 'simple', 71): 20.0, (20000, 'simple', 98): 33.0}
    """
    if weight > weights.get(key, -1.0):
        weights[key] = weight


def padded(row: list[float]) -> list[float]:
    """A row of figures, with nothing of those that an older version did not spool."""
    return row + [0.0] * (WIDTH - len(row))


def outside_key(served: ServedExchange, reason: str) -> OutsideKey:
    """What an exchange is counted under that cannot be evidence, or that is drawn."""
    return int(served.arrived_at) // 60 * 60, served.served_tier, reason


def one_not_sampled() -> list[float]:
    """The row that takes back that an exchange was sampled, and adds nothing."""
    row = [0.0] * WIDTH
    row[SAMPLED] = -1
    return row


def one_dropped() -> list[float]:
    """The row that adds nothing but one exchange dropped."""
    row = [0.0] * WIDTH
    row[DROPPED] = 1
    return row


def rollup(key: Key, row: list[float]) -> RollupColumns:
    """A key with its figures, as the table of rollups has them."""
    minute, tier, task_type, place, version = key
    figures = dict(zip(FIGURES, row, strict=True))
    return {
        "minute": dt.datetime.fromtimestamp(minute, dt.UTC),
        "tier": tier,
        "task_type": task_type,
        "bin": place,
        "policy_version": version,
        "requests": int(figures["requests"]),
        "finished": int(figures["finished"]),
        "errors": int(figures["errors"]),
        "escalated": int(figures["escalated"]),
        "sampled": int(figures["sampled"]),
        "dropped": int(figures["dropped"]),
        "eligible": int(figures["eligible"]),
        "prompt_tokens": int(figures["prompt_tokens"]),
        "completion_tokens": int(figures["completion_tokens"]),
        "cached_tokens": int(figures["cached_tokens"]),
        "expected": figures["expected"],
        "cost_usd": figures["cost_usd"],
        "cost_top_tier_usd": figures["cost_top_tier_usd"],
        "latency_ms": figures["latency_ms"],
        "classifier_cost_usd": figures["classifier_cost_usd"],
    }

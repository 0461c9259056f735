"""Conversations whose losses go by their length, and long ones whose losses go together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tierwatch.evaluation.sampling.outcome import MOST_TOGETHER
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, mean_row, share_row
from tierwatch.evaluation.simulation.monitor_twin import Floats, MonitorTwin

_TOLERANCE = 0.05
_LONGEST = 500
# At most 1 % in 100,000 pairs, with the Monte Carlo slack of 200 runs.
_LIMIT = 0.02


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of conversations.

    Attributes:
        tail: of the Pareto law of their lengths, cut at 500.
        single: loss rate of conversations of one turn.
        rate: loss rate of all pairs; that of longer conversations follows.
    """

    tail: float
    single: float
    rate: float

    @property
    def longer(self) -> float:
        """Loss rate in conversations of more than one turn."""
        mean = float((np.arange(1, _LONGEST + 1.0) ** -self.tail).sum())
        share = (1 - 2**-self.tail) / mean
        return (self.rate - share * self.single) / (1 - share)


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """False alarms and delay by the rate of pairs, whatever goes by length or together."""
    runs, pairs = effort.of(200), round(100_000 * effort.length)
    for shape in (Shape(1.2, 0.08, 0.05), Shape(2.0, 0.02, 0.05)):
        for sampled in (1.0, 0.05):
            yield share_row(
                "V1",
                f"single turns lose {100 * shape.single:.0f} %, longer {100 * shape.longer:.1f} %,"
                f" pairs 5 %; {100 * sampled:.0f} % sampled",
                "runs with a false alarm",
                int((alarm_pairs(seed, shape, sampled, runs=runs, pairs=pairs) <= pairs).sum()),
                runs,
                limit=_LIMIT * effort.length,
            )
    for sampled in (1.0, 0.05):
        found = alarm_pairs(seed, Shape(1.2, 0.01, 0.08), sampled, runs=effort.of(100), pairs=8_000)
        yield mean_row(
            "V1",
            f"single turns lose 1 %, longer 9 %, pairs 8 %; {100 * sampled:.0f} % sampled",
            "mean pairs to the alarm",
            np.minimum(found, 8_000),
            1_600,
        )
    flat = Shape(1.2, 0.05, 0.05)
    for block, why in ((MOST_TOGETHER, ""), (_LONGEST, "one rate for up to 500 turns")):
        yield share_row(
            "V1b",
            f"conversations of up to 500 turns, correlation .3 within {block} turns, pairs 5 %",
            "runs with a false alarm",
            int((alarm_pairs(seed, flat, 1.0, runs=runs, pairs=pairs, block=block) <= pairs).sum()),
            runs,
            limit=_LIMIT * effort.length,
            promised=block == MOST_TOGETHER,
            others=why,
        )


def alarm_pairs(
    seed: int, shape: Shape, sampled: float, *, runs: int, pairs: int, block: int = 0
) -> Floats:
    """After how many pairs each run alarms; above ``pairs`` where it does not. Shape (runs,).

    Args:
        seed: of everything random.
        shape: of the conversations.
        sampled: share of turns that are judged, independently.
        runs: to make.
        pairs: judged, of each run.
        block: turns of a conversation that have one loss rate, Beta with intra-class correlation
            .3 about the shape's; 0 for turns that are independent.
    """
    rng = np.random.default_rng([seed, round(1_000 * shape.single), round(100 * sampled), block])
    made = [_pieces(rng, shape, sampled, pairs, block) for _ in range(runs)]
    longest = max(surplus.size for surplus, _ in made)
    surplus, ends = np.zeros((longest, runs)), np.zeros((longest, runs))
    for run, (of_run, end) in enumerate(made):
        surplus[: of_run.size, run] = of_run
        ends[: end.size, run] = end
        ends[end.size :, run] = np.inf
    twin = MonitorTwin(_TOLERANCE, runs, reach=MOST_TOGETHER)
    at = np.full(runs, np.inf)
    for place in range(longest):
        over = twin.update(surplus[place])
        at[over] = np.minimum(at[over], ends[place][over])
    return at


def _pieces(
    rng: np.random.Generator, shape: Shape, sampled: float, pairs: int, block: int
) -> tuple[Floats, Floats]:
    """Surplus of each piece of a run, and the pairs that have come by its end."""
    count = round(1.3 * pairs / sampled / 2) + 100
    lengths = np.minimum(rng.random(count) ** (-1 / shape.tail), _LONGEST).astype(np.int64)
    enough = int(np.searchsorted(np.cumsum(lengths), 1.05 * pairs / sampled)) + 1
    lengths = lengths[:enough]
    rate = np.repeat(np.where(lengths == 1, shape.single, shape.longer), lengths)
    conversation = np.repeat(np.arange(lengths.size), lengths)
    turn = np.arange(conversation.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    if block:
        together = np.cumsum((turn % block == 0).astype(np.int64)) - 1
        spread = 1 / 0.3 - 1
        first = rate[turn % block == 0]
        rate = rng.beta(first * spread, (1 - first) * spread)[together]
    kept = rng.random(conversation.size) < sampled
    losses = (rng.random(conversation.size) < rate)[kept]
    conversation = conversation[kept]
    starts = np.flatnonzero(np.diff(conversation, prepend=-1))
    place = np.arange(conversation.size) - np.repeat(
        starts, np.diff(np.append(starts, conversation.size))
    )
    piece = np.flatnonzero(place % MOST_TOGETHER == 0)
    surplus = np.add.reduceat(losses - _TOLERANCE, piece)
    ends = np.append(piece[1:], conversation.size).astype(np.float64)
    within = ends <= pairs
    return surplus[within], ends[within]

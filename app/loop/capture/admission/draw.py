"""What an exchange adds to a batch: its figures, and itself where the draw takes it. No I/O."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tierwatch.evaluation.sampling.inclusion import (
    Inclusion,
    cached_chances,
    cached_inclusion,
    drawn,
    propensities,
)
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.admission.outside import NOT_SAMPLED, outside_at_once
from tierwatch.loop.capture.counts import (
    DROPPED,
    SAMPLED,
    Batch,
    BoundaryKey,
    Key,
    Sampled,
    add,
    key_of,
    note_largest,
    outside_key,
)
from tierwatch.loop.capture.exchange import Attempt, ServedExchange
from tierwatch.routing.tiers import CACHE_TIER, Tier

# Failed provider calls kept in a batch; more than this tells nothing new.
_ATTEMPTS_KEPT: Final = 1_000
_DAY_S: Final = 86_400


class Drawn(NamedTuple):
    """What one exchange adds.

    Attributes:
        served: the exchange.
        chosen: how it is compared; None leaves it out.
        outside: why it cannot be evidence; "" where it may be.
        expected: its chance to be drawn, in either direction.
        key: what it is counted under.
        row: its figures, in the order of `counts.FIGURES`.
        weights: the largest weight of a pair of it, by boundary.
        failed: calls that gave no answer.
    """

    served: ServedExchange
    chosen: Inclusion | None
    outside: str
    expected: float
    key: Key
    row: list[float]
    weights: list[tuple[BoundaryKey, float]]
    failed: list[tuple[uuid.UUID, Attempt]]

    def add_to(self, batch: Batch, *, number: int, room: int) -> int:
        """Add it to a batch that nobody else changes meanwhile.

        Args:
            batch: is changed.
            number: of the request.
            room: exchanges that the batch may hold.

        Returns:
            1 where it was drawn and there is no room for it, else 0.
        """
        dropped = 0
        if self.chosen is not None:
            self.row[SAMPLED] = 1
            if len(batch.sampled) < room:
                batch.sampled.append(Sampled(self.served, self.chosen, number, self.expected))
            else:
                self.row[DROPPED] = dropped = 1
        add(batch.counts, self.key, self.row)
        if self.outside:
            add(batch.outside, outside_key(self.served, self.outside), [1.0, 0.0])
        for boundary, weight in self.weights:
            batch.boundaries[boundary] += 1
            note_largest(batch.weights, boundary, weight)
        if len(batch.attempts) < _ATTEMPTS_KEPT:
            batch.attempts.extend(self.failed)
        return dropped


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws exchanges under a plan. Immutable; the same exchange is drawn the same every time.

    Attributes:
        tiers: cheapest first; the last one's price gives the cost of "always the top tier".
        plan: sampling rates; the budget's factor is in them.
    """

    tiers: tuple[Tier, ...]
    plan: SamplingPlan

    def of(self, served: ServedExchange) -> Drawn:
        """What the exchange adds to a batch."""
        outside = outside_at_once(served)
        names = [tier.name for tier in self.tiers]
        chosen, up, down = (None, 0.0, 0.0) if outside else self._chosen(served, names)
        expected = up + down
        if expected == 0.0 and not outside:
            outside = NOT_SAMPLED
        return Drawn(
            served,
            chosen,
            outside,
            expected,
            key_of(served),
            self._row(served, expected),
            _weights(_boundaries(served), served.decision.tier, up, down),
            [(served.exchange_id, attempt) for attempt in served.attempts if attempt.error],
        )

    def _chosen(
        self, served: ServedExchange, names: Sequence[str]
    ) -> tuple[Inclusion | None, float, float]:
        """Whether an exchange that may be evidence is drawn, and its chances upwards and down."""
        decision, plan = served.decision, self.plan
        exchange_id, at = str(served.exchange_id), served.arrived_at
        if served.served_tier == CACHE_TIER != decision.tier:
            chances = cached_chances(decision, plan, at)
            return cached_inclusion(decision, plan, exchange_id, at), chances.up, chances.down
        chances = propensities(decision, names, plan, at)
        return drawn(decision, names, plan, exchange_id, chances), chances.up, chances.down

    def _row(self, served: ServedExchange, expected: float) -> list[float]:
        """What the exchange adds to the figures of its key, in the order of `FIGURES`."""
        return [
            1,
            served.finished,
            not served.finished,
            served.decision.escalated,
            0,
            0,
            expected > 0,
            served.prompt_tokens,
            served.completion_tokens,
            expected,
            served.cost_usd,
            # As if its cache had served as well as the one that did: the comparison is of models,
            # not of warm caches with cold ones.
            self.tiers[-1].price.cost_usd(
                served.prompt_tokens,
                served.completion_tokens,
                served.cached_tokens,
                served.cache_write_tokens,
            ),
            served.latency_ms,
            served.cached_tokens,
            served.classifier_cost_usd,
        ]


def _boundaries(served: ServedExchange) -> list[BoundaryKey]:
    """The boundaries that the request came to: those up to the tier that serves it.

    What the cache answers comes to none, nor does a conversation that is held at its tier: no
    threshold would move it.
    """
    decision = served.decision
    if served.served_tier == CACHE_TIER != decision.tier or decision.held:
        return []
    day = int(served.arrived_at) // _DAY_S
    found = []
    for tier, confidence in decision.confidences:
        # A hair more: .29 x 100 is 28.999999999999996.
        found.append((day, tier, int(confidence * 100 + 1e-9)))
        if tier == decision.tier:
            break
    return found


def _weights(
    boundaries: Sequence[BoundaryKey], tier: str, up: float, down: float
) -> list[tuple[BoundaryKey, float]]:
    """What a pair of the request would stand for at each boundary; 0 where none can be drawn.

    Noted whether it is drawn or not: a certificate has to know of the heaviest pair there may be.
    """
    found = [(boundary, 0.0) for boundary in boundaries]
    own = bool(boundaries) and boundaries[-1][1] == tier
    if own and up > 0:
        found[-1] = (boundaries[-1], 1 / up)
    if down > 0 and len(boundaries) > own:
        found[-1 - own] = (boundaries[-1 - own], 1 / down)
    return found

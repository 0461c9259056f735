"""Which of two tiers' answers a recording prefers, and which tier suffices for a kind of task."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tierwatch.providers.traffic_file import RecordedExchange

# A kind of task in which the lower tier is worse more often than this goes to the higher one.
_TOO_OFTEN_WORSE = 0.25


def preferred(exchange: RecordedExchange, tier_a: str, tier_b: str) -> str | None:
    """``"A" | "B" | "tie"`` by the recorded verdict, else by the scores; None without either."""
    for lower, higher, when_worse, when_better in (
        (tier_a, tier_b, "B", "A"),
        (tier_b, tier_a, "A", "B"),
    ):
        verdict = exchange.verdicts.get(f"{lower}<{higher}")
        if verdict is not None:
            return {"worse": when_worse, "better": when_better}.get(verdict, "tie")
    return by_score(exchange.answers[tier_a].score, exchange.answers[tier_b].score)


def by_score(score_a: float | None, score_b: float | None) -> str | None:
    """``"A" | "B" | "tie"``; None where a score is missing."""
    if score_a is None or score_b is None:
        return None
    if score_a == score_b:
        return "tie"
    return "A" if score_a > score_b else "B"


def sufficient_tiers(exchanges: Sequence[RecordedExchange]) -> Mapping[str, str]:
    """By kind of task, the cheapest tier that usually does as well as the next one.

    Only the first two fifths of the recording are read: a classifier knows kinds of task as they
    were when it was made, neither the luck of one answer nor what changed in a tier later on. A
    kind first seen after that is left out.
    """
    known = exchanges[: max(1, len(exchanges) * 2 // 5)]
    by_task: dict[str, list[RecordedExchange]] = {}
    for exchange in known:
        by_task.setdefault(exchange.task, []).append(exchange)
    return {task: _sufficient_tier(alike) for task, alike in by_task.items()}


def _sufficient_tier(alike: Sequence[RecordedExchange]) -> str:
    tiers = list(alike[0].answers)
    for lower, higher in pairwise(tiers):
        worse = sum(preferred(exchange, lower, higher) == "B" for exchange in alike)
        if worse <= _TOO_OFTEN_WORSE * len(alike):
            return lower
    return tiers[-1]

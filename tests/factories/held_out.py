"""Held-out pairs, each of a conversation of its own."""

from tierwatch.evaluation.models.held_out import HeldOut


def pairs(verdicts: list[str], weights: list[float] | None = None) -> HeldOut:
    n = len(verdicts)
    return HeldOut(verdicts, weights or [1.0] * n, [f"s{number}" for number in range(n)])

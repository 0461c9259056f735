"""What speaks for a set of task types."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """One type on the prompts it was built from and measured on.

    Attributes:
        name: its own, or that of the old type it succeeds.
        words: that tell it, the most telling first.
        prompts: share of all prompts.
        losses: mean loss of its held-out pairs by boundary; None without pairs.
    """

    name: str
    words: tuple[str, ...]
    prompts: float
    losses: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class TypesEvidence:
    """What speaks for a set of types. Every V is of held-out pairs.

    Attributes:
        method: ``leiden``, ``k-means`` or ``k-means from the types before``.
        v: Cramer's V between types and losses, pooled over boundaries.
        by_boundary: the same for each boundary.
        methods: the same for each way that was tried.
        random: of random groups of the same sizes, the mean; ``random_high`` their 95th percentile.
        before: of the types before, on the same pairs; None without them.
        mapping: old name -> name now, for every old type; None where it has no successor.
        consistent: share of prompts whose old and new names are one; None without old types.
        prompts: read, total.
        pairs: judged ones among them: those that built, and those held out.
        types: one for each type.
        note: what could not be tried, and why; empty otherwise.
    """

    method: str
    v: float
    by_boundary: Mapping[str, float | None]
    methods: Mapping[str, float]
    random: float
    random_high: float
    before: float | None
    mapping: Mapping[str, str | None]
    consistent: float | None
    prompts: int
    pairs: tuple[int, int]
    types: tuple[TypeFigures, ...]
    note: str = ""

    @property
    def separates(self) -> bool:
        """Whether the types tell losses apart better than chance groups do."""
        return self.v > self.random_high

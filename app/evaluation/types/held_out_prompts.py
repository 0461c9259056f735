"""The prompts that only measure: how far types tell their losses apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.types.association import cramers_v, pooled_v
from tierwatch.evaluation.types.judged_prompts import Losses
from tierwatch.evaluation.types.types_evidence import TypeFigures
from tierwatch.routing.classify.task_types import TaskTypes

_PERMUTATIONS = 40


@dataclass(frozen=True, slots=True)
class HeldOutPrompts:
    """The prompts that only measure, with their losses (n, boundaries)."""

    texts: list[str]
    losses: Losses
    boundaries: tuple[str, ...]

    def groups(self, types: TaskTypes) -> NDArray[np.str_]:
        """The type of each prompt."""
        return np.array([types.assign(text) for text in self.texts])

    def by_boundary(self, groups: NDArray[np.str_]) -> dict[str, float | None]:
        """Cramer's V between groups and losses at each boundary; None where it cannot be said."""
        return {
            boundary: cramers_v(groups, column)
            for boundary, column in zip(self.boundaries, self.losses.T, strict=True)
        }

    def pooled(self, groups: NDArray[np.str_]) -> float:
        """One V for all boundaries; 0 where none can be said."""
        pairs = np.isfinite(self.losses).sum(axis=0)
        found = self.by_boundary(groups).values()
        return pooled_v(list(zip(found, map(int, pairs), strict=True))) or 0.0

    def v(self, types: TaskTypes) -> float:
        """The pooled V of types."""
        return self.pooled(self.groups(types))

    def random(self, types: TaskTypes, seed: int) -> list[float]:
        """The pooled V of random groups of the same sizes, 40 times."""
        rng = np.random.default_rng(seed)
        groups = self.groups(types)
        return [self.pooled(rng.permutation(groups)) for _ in range(_PERMUTATIONS)]


def type_figures(
    types: TaskTypes, groups: Sequence[str], out: HeldOutPrompts
) -> Iterator[TypeFigures]:
    """Each type's share of the prompts, and its mean loss among those held out."""
    held = out.groups(types)
    for name, words in zip(types.names, types.words, strict=True):
        yield TypeFigures(
            name=name,
            words=words,
            prompts=groups.count(name) / len(groups),
            losses={
                boundary: _mean(column[held == name])
                for boundary, column in zip(out.boundaries, out.losses.T, strict=True)
            },
        )


def _mean(losses: Losses) -> float | None:
    known = losses[np.isfinite(losses)]
    return float(known.mean()) if len(known) else None

"""The judged prompts, and how far types tell their losses apart on the half held out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.types_evidence import TypeFigures
from tierwatch.routing.classify.task_types import FEWEST_TYPES, MOST_TYPES, TaskTypes
from tierwatch.routing.policy import hashed_share

DEFAULT_TYPES = 12
# Each half must hold pairs enough to tell a rate of .2 from one of .4 in two types or three.
FEWEST_PAIRS = 400
_SALT = "task types, held out"
_HELD_OUT = 0.5
Losses = NDArray[np.float64]
_PERMUTATIONS = 40


def measures_types(session: str) -> bool:
    """Whether a conversation is of the half that types are measured on and never built of."""
    return hashed_share(_SALT, session) < _HELD_OUT


def checked_losses(
    texts: Sequence[str],
    losses: Mapping[str, Sequence[float] | Losses],
    sessions: Sequence[str],
    most: int,
) -> Losses:
    """The losses as a table (n, boundaries)."""
    n = len(texts)
    if not FEWEST_TYPES <= most <= MOST_TYPES:
        raise EvidenceError(f"types: found {most}; accepted: {FEWEST_TYPES} to {MOST_TYPES}")
    lengths = [len(of_boundary) for of_boundary in losses.values()]
    if {n, len(sessions), *lengths} != {n}:
        raise EvidenceError(
            f"found {n} texts, {len(sessions)} sessions, {lengths} losses; accepted: one of each"
            " for every prompt"
        )
    table: Losses = np.full((n, len(lengths)), np.nan)
    for place, of_boundary in enumerate(losses.values()):
        table[:, place] = of_boundary
    known = table[np.isfinite(table)]
    if ((known != 0) & (known != 1)).any():
        raise EvidenceError("losses: found a number other than 0 and 1; accepted: 0, 1 or nan")
    judged = int(np.isfinite(table).any(axis=1).sum())
    if judged < FEWEST_PAIRS:
        raise EvidenceError(
            f"found {judged} judged prompts; accepted: {FEWEST_PAIRS} or more, half of which are"
            " held out"
        )
    return table


def cramers_v(groups: ArrayLike, losses: ArrayLike) -> float | None:
    """Bias-corrected Cramer's V between groups and a yes-or-no loss.

    ``phi2 = chi2 / n``, less its mean under independence ``(r-1)(c-1)/(n-1)`` and not below 0;
    ``V = sqrt(phi2 / min(r' - 1, c' - 1))`` with ``r' = r - (r-1)^2 / (n-1)``, likewise ``c'``.
    Bergsma: "A bias-correction for Cramer's V and Tschuprow's T" (Journal of the Korean
    Statistical Society, 2013).

    Args:
        groups: of each pair, n of them.
        losses: of each pair, 0 or 1; a pair whose loss is not a number is left out.

    Returns:
        In [0, 1]: 0 where the groups have one rate, 1 where the group decides the loss. None
        where that cannot be said: no pairs, one group, or one loss only.

    >>> cramers_v(["a"] * 50 + ["b"] * 50, [0] * 50 + [1] * 50)
    1.0
    >>> cramers_v(["a", "b"] * 50, [0, 0, 1, 1] * 25)
    0.0
    >>> cramers_v(["a"] * 4, [0, 1, 0, 1]) is None
    True
    """
    loss = np.asarray(losses, dtype=float)
    known = np.isfinite(loss)
    table = _table(np.asarray(groups)[known], loss[known])
    if table is None:
        return None
    n = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    rows, columns = table.shape
    phi2 = ((table - expected) ** 2 / expected).sum() / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    rows_left = rows - (rows - 1) ** 2 / (n - 1)
    columns_left = columns - (columns - 1) ** 2 / (n - 1)
    return min(1.0, math.sqrt(phi2 / (min(rows_left, columns_left) - 1)))


def pooled_v(parts: Sequence[tuple[float | None, int]]) -> float | None:
    """One V for several boundaries: the root of the mean square, each weighing its pairs.

    >>> pooled_v([(.3, 100), (.4, 100), (None, 50)])
    0.3535...
    """
    known = [(v, pairs) for v, pairs in parts if v is not None and pairs]
    total = sum(pairs for _, pairs in known)
    return math.sqrt(sum(v * v * pairs for v, pairs in known) / total) if total else None


def _table(groups: NDArray[np.generic], losses: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Counts by group and loss; None when there are not two of each, and pairs beyond them."""
    names, places = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), 2))
    np.add.at(table, (places, (losses > 0).astype(int)), 1.0)
    enough = len(names) > 1 and len(losses) > len(names) and table.any(axis=0).all()
    return table if enough else None


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

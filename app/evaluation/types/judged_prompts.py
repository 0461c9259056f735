"""The prompts that types are built from and measured on, checked."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tierwatch.errors import EvidenceError
from tierwatch.routing.classify.task_types import FEWEST_TYPES, MOST_TYPES
from tierwatch.routing.policy import hashed_share

DEFAULT_TYPES = 12
# Each half must hold pairs enough to tell a rate of .2 from one of .4 in two types or three.
FEWEST_PAIRS = 400
_SALT = "task types, held out"
_HELD_OUT = 0.5
Losses = NDArray[np.float64]


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

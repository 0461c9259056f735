"""New types under their names, and the names that old types hand on."""

from collections.abc import Collection, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from tierwatch.evaluation.types.telling_words import telling_words, type_names
from tierwatch.routing.classify.task_types import TaskTypes


def named_types(
    types: TaskTypes,
    texts: Sequence[str],
    sessions: Sequence[str],
    previous: TaskTypes | None,
    taken: Collection[str],
) -> tuple[TaskTypes, list[str]]:
    """The types under their names, and the name of each prompt's."""
    groups = [types.names.index(types.assign(text)) for text in texts]
    words = telling_words(texts, groups, sessions, size=len(types.names))
    names: list[str | None] = [None] * len(types.names)
    if previous is not None:
        before = [previous.names.index(previous.assign(text)) for text in texts]
        for old, new in _successors(before, groups, len(previous.names), len(names)).items():
            # Prompts unlike all that the old types knew gather in one of them, whose name would
            # then tell of something else.
            if not previous.words[old] or set(previous.words[old]) & set(words[new]):
                names[new] = previous.names[old]
    used = {*taken, *(() if previous is None else previous.names)}
    fresh = iter(
        type_names(
            [telling for telling, name in zip(words, names, strict=True) if name is None], used
        )
    )
    final = tuple(name or next(fresh) for name in names)
    called = TaskTypes(types.version, final, tuple(words), types.weights, types.biases)
    return called, [final[group] for group in groups]


def _successors(before: Sequence[int], now: Sequence[int], olds: int, news: int) -> dict[int, int]:
    """Old type -> the new one that takes over its name.

    The assignment with most prompts in common; it counts where half of the old type's prompts
    and half of the new one's are the same ones, so that a chart of the name stays a chart of much
    the same prompts.
    """
    common = np.zeros((olds, news))
    np.add.at(common, (np.asarray(before), np.asarray(now)), 1.0)
    pairs = zip(*linear_sum_assignment(common, maximize=True), strict=True)
    return {
        int(old): int(new)
        for old, new in pairs
        if 2 * common[old, new] >= max(common[old].sum(), common[:, new].sum(), 1)
    }


def name_mapping(previous: TaskTypes, types: TaskTypes) -> dict[str, str | None]:
    """Each old name, and the same where a new type has it; None where none has."""
    return {name: name if name in types.names else None for name in previous.names}


def consistent_share(previous: TaskTypes, types: TaskTypes, texts: Sequence[str]) -> float:
    """Share of prompts whose old and new types have one name."""
    return sum(previous.assign(text) == types.assign(text) for text in texts) / len(texts)

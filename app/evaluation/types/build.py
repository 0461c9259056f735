"""Task types from judged traffic: prompts alike in meaning and in which tier did well.

Found as FineRouter does (clusters that are judged by what they tell apart), off the hot path:

1. Conversations are split in two by a hash: one half builds, the other only measures.
2. A prompt becomes hashed words weighted by tf-idf, reduced to 48 dimensions (truncated singular
   value decomposition), and beside them the losses of its nearest neighbours.
3. k-means and, where ``graspologic-native`` is installed, Leiden find groups; crumbs are merged.
4. For each way a linear student learns to tell the groups from words alone. That student is what
   gateways run, so it is what the other half measures: Cramer's V between types and losses.
5. The way with the largest V wins. Old types hand their names to those that took over their
   prompts, so that a chart of a type goes on.

Every figure is of the very table that becomes active, not of one fitted again on all data.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.grouping import (
    ONE_KIND,
    Labels,
    Leiden,
    Points,
    k_means,
    leiden_groups,
    merge_small,
    prompt_points,
    settle,
    word_rows,
)
from tierwatch.evaluation.types.measure import (
    DEFAULT_TYPES,
    HeldOutPrompts,
    Losses,
    checked_losses,
    measures_types,
    type_figures,
)
from tierwatch.evaluation.types.names import consistent_share, name_mapping, named_types
from tierwatch.evaluation.types.student import teacher_of
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.routing.classify.task_types import FEWEST_TYPES, TaskTypes

_FEWEST_SHARE = 0.02  # a smaller group is a crumb
_PROMPTS_A_TYPE = 60
_FROM_BEFORE = "k-means from the types before"
_LOYALTY = 0.02
NO_LEIDEN = "Leiden was not tried: it needs the extra `train` (pip install 'tierwatch[train]')"


def build_types(
    texts: Sequence[str],
    losses: Mapping[str, Sequence[float] | Losses],
    sessions: Sequence[str],
    *,
    previous: TaskTypes | None = None,
    version: int = 1,
    taken: Collection[str] = (),
    most: int = DEFAULT_TYPES,
    seed: int = 0,
    leiden: Leiden | None = None,
) -> tuple[TaskTypes, TypesEvidence]:
    """The task types of recent traffic.

    Args:
        texts: n prompts, as `routed_text` gives them, redacted.
        losses: boundary -> the loss of each prompt's pair there, 1 where the lower tier's answer
            was worse, 0 where not, not-a-number where there is no pair.
        sessions: of each prompt; a session is held out whole.
        previous: the active types; theirs are tried as a start, and their names handed on.
        version: of the new types.
        taken: names that earlier versions used, which a new type must not be called.
        most: types at most, 2 to 20.
        seed: of every start; the same data and seed give the same types.
        leiden: `installed_leiden()`, or None to do without.

    Raises:
        EvidenceError: fewer than 400 judged prompts, lengths that differ, or prompts that are
            all alike.
    """
    table = checked_losses(texts, losses, sessions, most)
    held = np.array([measures_types(session) for session in sessions])
    building = np.flatnonzero(~held).tolist()
    words = word_rows([texts[place] for place in building])
    points = prompt_points(words, table[building], seed)
    teach = teacher_of(words, version)
    tried: dict[str, TaskTypes] = {}
    for method, labels in _groupings(
        points,
        None if previous is None else [previous.assign(texts[place]) for place in building],
        most=most,
        seed=seed,
        leiden=leiden,
    ).items():
        if labels.max() >= FEWEST_TYPES - 1:
            tried[method] = teach(labels)
    if not tried:
        raise EvidenceError(ONE_KIND)
    out = HeldOutPrompts(
        [texts[place] for place in np.flatnonzero(held).tolist()], table[held], tuple(losses)
    )
    methods = {method: out.v(types) for method, types in tried.items()}
    # Types that go on are worth something to those who read their charts.
    worth = {method: v + _LOYALTY * (method == _FROM_BEFORE) for method, v in methods.items()}
    method = max(worth, key=lambda name: worth[name])
    types, groups = named_types(tried[method], texts, sessions, previous, taken)
    random = out.random(types, seed)
    return types, TypesEvidence(
        method=method,
        v=methods[method],
        by_boundary=out.by_boundary(out.groups(types)),
        methods=methods,
        random=float(np.mean(random)),
        random_high=float(np.quantile(random, 0.95)),
        before=None if previous is None else out.v(previous),
        mapping={} if previous is None else name_mapping(previous, types),
        consistent=None if previous is None else consistent_share(previous, types, texts),
        prompts=len(texts),
        pairs=(int(np.isfinite(table[~held]).sum()), int(np.isfinite(table[held]).sum())),
        types=tuple(type_figures(types, groups, out)),
        note="" if leiden is not None else NO_LEIDEN,
    )


def _groupings(
    points: Points,
    before: Sequence[str] | None,
    *,
    most: int,
    seed: int,
    leiden: Leiden | None,
) -> dict[str, Labels]:
    """Each way of grouping the points, crumbs merged."""
    count = max(FEWEST_TYPES, min(most, len(points) // _PROMPTS_A_TYPE))
    found = {"k-means": k_means(points, count, np.random.default_rng(seed))}
    if before is not None:
        found[_FROM_BEFORE] = settle(points, np.unique(before, return_inverse=True)[1])
    if leiden is not None:
        found["leiden"] = leiden_groups(points, leiden, seed=seed)
    fewest = max(2, round(_FEWEST_SHARE * len(points)))
    return {
        method: merge_small(points, labels, most=most, fewest=fewest)
        for method, labels in found.items()
    }

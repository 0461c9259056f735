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

Every figure is of the very table that is put in force, not of one fitted again on all data.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linear_sum_assignment
from scipy.sparse.linalg import ArpackError, svds

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.association import cramers_v, pooled_v
from tierwatch.evaluation.types.clusters import (
    Labels,
    Leiden,
    Points,
    k_means,
    leiden_groups,
    merge_small,
    nearest,
    settle,
    unit_rows,
)
from tierwatch.evaluation.types.telling_words import telling_words, type_names
from tierwatch.routing.classify.task_types import (
    BUCKETS,
    FEWEST_TYPES,
    MOST_TYPES,
    TaskTypes,
    table_of,
    type_words,
)
from tierwatch.routing.policy import hashed_share

DEFAULT_TYPES = 12
# Each half must hold pairs enough to tell a rate of .2 from one of .4 in two types or three.
FEWEST_PAIRS = 400

_DIMENSIONS = 48
_NEIGHBOURS = 30
_PRIOR_NEIGHBOURS = 3.0  # cosine-weighted neighbours that the overall rate counts as
# Weight of the losses beside the meaning, whose rows have length 1. On recorded traffic V rises up
# to .2 to .35; from .6 on the student cannot tell the groups any more (.93 to .98 against .998).
_LOSS_WEIGHT = 0.2
_RIDGE = 0.3
_FEWEST_SHARE = 0.02  # a smaller group is a crumb
_PROMPTS_A_TYPE = 60
_RAREST = 3  # prompts that a word must occur in
_COMMONEST = 0.9
_PERMUTATIONS = 40
_SALT = "task types, held out"
_HELD_OUT = 0.5
_FROM_BEFORE = "k-means from the types before"
_LOYALTY = 0.02
ONE_KIND = "found prompts that are all of one kind; accepted: two kinds or more"
NO_LEIDEN = "Leiden was not tried: it needs the extra `train` (pip install 'tierwatch[train]')"

Losses = NDArray[np.float64]


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
        prompts: read in all.
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


def measures_types(session: str) -> bool:
    """Whether a conversation is of the half that types are measured on and never built of."""
    return hashed_share(_SALT, session) < _HELD_OUT


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
        previous: the types in force; theirs are tried as a start, and their names handed on.
        version: of the new types.
        taken: names that earlier versions used, which a new type must not be called.
        most: types at most, 2 to 20.
        seed: of every start; the same data and seed give the same types.
        leiden: `installed_leiden()`, or None to do without.

    Raises:
        EvidenceError: fewer than 400 judged prompts, lengths that differ, or prompts that are
            all alike.
    """
    table = _checked(texts, losses, sessions, most)
    held = np.array([measures_types(session) for session in sessions])
    building = np.flatnonzero(~held).tolist()
    words = _word_rows([texts[place] for place in building])
    points = _points(words, table[building], seed)
    teach = _teacher(words, version)
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
    out = _HeldOut(
        [texts[place] for place in np.flatnonzero(held).tolist()], table[held], tuple(losses)
    )
    methods = {method: out.v(types) for method, types in tried.items()}
    # Types that go on are worth something to those who read their charts.
    worth = {method: v + _LOYALTY * (method == _FROM_BEFORE) for method, v in methods.items()}
    method = max(worth, key=lambda name: worth[name])
    types, groups = _called(tried[method], texts, sessions, previous, taken)
    random = out.random(types, seed)
    return types, TypesEvidence(
        method=method,
        v=methods[method],
        by_boundary=out.by_boundary(out.groups(types)),
        methods=methods,
        random=float(np.mean(random)),
        random_high=float(np.quantile(random, 0.95)),
        before=None if previous is None else out.v(previous),
        mapping={} if previous is None else _mapping(previous, types),
        consistent=None if previous is None else _consistent(previous, types, texts),
        prompts=len(texts),
        pairs=(int(np.isfinite(table[~held]).sum()), int(np.isfinite(table[held]).sum())),
        types=tuple(_figures(types, groups, out)),
        note="" if leiden is not None else NO_LEIDEN,
    )


def installed_leiden() -> Leiden | None:
    """Leiden of ``graspologic-native`` (MIT), part of the extra ``train``; None without it."""
    try:
        from graspologic_native import leiden  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    found: Leiden = leiden
    return found


def _checked(
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


def _word_rows(texts: Sequence[str]) -> sparse.csr_matrix:
    """(n, BUCKETS): 1 where a prompt has a hashed word."""
    found = [sorted(type_words(text)) for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    places = np.array([bucket for row in found for bucket in row], dtype=np.int32)
    return sparse.csr_matrix((np.ones(ends[-1]), places, ends), shape=(len(texts), BUCKETS))


def _points(words: sparse.csr_matrix, losses: Losses, seed: int) -> Points:
    """Meaning and neighbours' losses of each prompt, as rows of length 1."""
    n = words.shape[0]
    frequency = np.asarray(words.sum(axis=0)).ravel()
    idf = np.log((n + 1) / (frequency + 1))
    idf[(frequency < _RAREST) | (frequency > _COMMONEST * n)] = 0.0
    weighted = words @ sparse.diags(idf)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ weighted
    dimensions = min(_DIMENSIONS, n - 1)
    first = np.random.default_rng(seed).random(min(weighted.shape))
    try:
        _, _, axes = svds(weighted, k=dimensions, v0=first)
    except ArpackError as problem:
        raise EvidenceError(ONE_KIND) from problem
    meaning = unit_rows(np.asarray(weighted @ axes.T))
    places, cosines = nearest(meaning, _NEIGHBOURS)
    closeness = np.maximum(cosines, 0.0) ** 2
    beside: Points = np.array([_smoothed(column, places, closeness) for column in losses.T])
    scale = _LOSS_WEIGHT / np.sqrt(max(1, len(beside)))
    return unit_rows(np.concatenate([meaning, scale * beside.T], axis=1))


def _smoothed(losses: Losses, places: Labels, closeness: Points) -> Losses:
    """Mean loss of each prompt's neighbours, shrunk to the mean of all; standardised."""
    known = np.isfinite(losses)
    if not known.any():
        return np.zeros(len(losses))
    mean = losses[known].mean()
    weights = closeness * known[places]
    seen = (weights * np.where(known, losses, 0.0)[places]).sum(axis=1)
    smooth = (seen + _PRIOR_NEIGHBOURS * mean) / (weights.sum(axis=1) + _PRIOR_NEIGHBOURS)
    spread = smooth.std()
    standard: Losses = (smooth - mean) / spread if spread > 0 else np.zeros(len(losses))
    return standard


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


def _teacher(words: sparse.csr_matrix, version: int) -> Callable[[Labels], TaskTypes]:
    """What makes a table of groups: ridge regression of each group's indicator on the words.

    A word that no prompt has speaks for no type.
    """
    counts = np.asarray(words.sum(axis=1)).ravel()
    present = np.flatnonzero(np.asarray(words.sum(axis=0)).ravel())
    scaled = sparse.diags(1 / np.sqrt(np.maximum(counts, 1))) @ words[:, present]
    ones = sparse.csr_matrix(np.ones((len(counts), 1)))
    rows = sparse.hstack([scaled, ones]).tocsr()
    gram = (rows.T @ rows).toarray()
    gram[np.diag_indices_from(gram)] += _RIDGE
    factor = cho_factor(gram, overwrite_a=True)

    def teach(labels: Labels) -> TaskTypes:
        size = int(labels.max()) + 1
        solved = cho_solve(factor, rows.T @ np.eye(size)[labels])
        weights = np.zeros((size, BUCKETS))
        weights[:, present] = solved[:-1].T
        codes, biases = table_of(weights.tolist(), solved[-1].tolist())
        names = tuple(f"type-{number}" for number in range(1, size + 1))
        return TaskTypes(version, names, ((),) * size, codes, biases)

    return teach


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """The prompts that only measure, with their losses (n, boundaries)."""

    texts: list[str]
    losses: Losses
    boundaries: tuple[str, ...]

    def groups(self, types: TaskTypes) -> NDArray[np.str_]:
        return np.array([types.assign(text) for text in self.texts])

    def by_boundary(self, groups: NDArray[np.str_]) -> dict[str, float | None]:
        return {
            boundary: cramers_v(groups, column)
            for boundary, column in zip(self.boundaries, self.losses.T, strict=True)
        }

    def pooled(self, groups: NDArray[np.str_]) -> float:
        pairs = np.isfinite(self.losses).sum(axis=0)
        found = self.by_boundary(groups).values()
        return pooled_v(list(zip(found, map(int, pairs), strict=True))) or 0.0

    def v(self, types: TaskTypes) -> float:
        return self.pooled(self.groups(types))

    def random(self, types: TaskTypes, seed: int) -> list[float]:
        rng = np.random.default_rng(seed)
        groups = self.groups(types)
        return [self.pooled(rng.permutation(groups)) for _ in range(_PERMUTATIONS)]


def _called(
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


def _mapping(previous: TaskTypes, types: TaskTypes) -> dict[str, str | None]:
    return {name: name if name in types.names else None for name in previous.names}


def _consistent(previous: TaskTypes, types: TaskTypes, texts: Sequence[str]) -> float:
    return sum(previous.assign(text) == types.assign(text) for text in texts) / len(texts)


def _figures(types: TaskTypes, groups: Sequence[str], out: _HeldOut) -> Iterator[TypeFigures]:
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

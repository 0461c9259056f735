"""The names of types: of the words that tell a group from the others, or handed on by old types."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tierwatch.routing.classify.task_types import TaskTypes

_WORD = re.compile(r"[a-z]{3,18}")
_ENDS = 400
_FEWEST_SESSIONS = 5  # what one caller wrote names nothing
_FEWEST_SHARE = 0.05  # of a group's texts: a name should fit more than a corner of it
_PRIOR_WORDS = 500.0
_FEWEST_WORDS = 2
_NAME_WORDS = 2
# Words of grammar tell how a text is written and not what it is about.
_GRAMMAR = re.compile(
    r"about|after|all|also|and|any|are|because|been|before|being|between|both|but|can|could|did"
    r"|does|each|following|for|from|given|had|has|have|her|him|his|how|into|its|may|more|most|must"
    r"|not|one|only|other|our|out|over|own|per|please|same|she|should|some|such|than|that|the|their"
    r"|them|then|there|these|they|this|those|through|two|under|until|upon|use|used|using|very|was"
    r"|were|what|when|where|which|while|who|whom|whose|why|will|with|would|you|your"
)


def telling_words(
    texts: Sequence[str],
    groups: Sequence[int],
    sessions: Sequence[str],
    *,
    size: int,
    count: int = 8,
) -> list[tuple[str, ...]]:
    """For each group 0, 1, ... its most telling words, the first the most telling.

    Log-odds of a word in the group against all other texts, under a Dirichlet prior of the word's
    overall share, over its standard error: Monroe, Colaresi, Quinn, "Fightin' words" (Political
    Analysis 2008). A word counts once a text, and only when texts of five sessions have it.

    >>> texts = ["sum the numbers"] * 6 + ["write a poem"] * 6
    >>> sessions = [str(number) for number in range(12)]
    >>> found = telling_words(texts, [0] * 6 + [1] * 6, sessions, size=2, count=2)
    >>> sorted(found[0]), sorted(found[1])
    (['numbers', 'sum'], ['poem', 'write'])
    """
    counts: list[Counter[str]] = [Counter() for _ in range(size)]
    spoken: dict[str, set[str]] = {}
    texts_in = Counter(groups)
    for text, group, session in zip(texts, groups, sessions, strict=True):
        words = _words(text)
        counts[group].update(words)
        for word in words:
            by = spoken.setdefault(word, set())
            if len(by) < _FEWEST_SESSIONS:
                by.add(session)
    vocabulary = sorted(word for word, by in spoken.items() if len(by) >= _FEWEST_SESSIONS)
    # One word alone is in every text that has words: it tells none from another.
    if len(vocabulary) < _FEWEST_WORDS:
        return [() for _ in range(size)]
    table = np.array([[found[word] for word in vocabulary] for found in counts], dtype=float)
    share = table.sum(axis=0) / table.sum()
    prior = _PRIOR_WORDS * share
    result = []
    for group in range(size):
        inside, outside = table[group], table.sum(axis=0) - table[group]
        log_odds = _log_odds(inside, prior) - _log_odds(outside, prior)
        z = log_odds / np.sqrt(1 / (inside + prior) + 1 / (outside + prior))
        z[inside < _FEWEST_SHARE * texts_in[group]] = -np.inf
        order = np.argsort(-z, kind="stable")[:count]
        result.append(tuple(vocabulary[place] for place in order if z[place] > 0))
    return result


def type_names(words: Sequence[Sequence[str]], taken: Collection[str] = ()) -> list[str]:
    """One name for each group, of its first two telling words; never one that is taken.

    >>> type_names([("poem", "rhyme"), ("poem", "rhyme", "verse"), ()], taken=["type-3"])
    ['poem-rhyme', 'poem-rhyme-verse', 'type-4']
    """
    names: list[str] = []
    for place, telling in enumerate(words):
        used = {*taken, *names, "all"}
        tries = ["-".join(telling[:length]) for length in range(_NAME_WORDS, len(telling) + 1)]
        base = tries[0] if tries else ("-".join(telling) or "type")
        start = 2 if telling else place + 1
        tries += [f"{base}-{number}" for number in range(start, start + len(used) + 1)]
        if telling:
            tries.insert(0, base)
        names.append(next(name for name in tries if name not in used and len(name) <= 40))  # noqa: PLR2004 - as TaskTypes has it
    return names


def _words(text: str) -> set[str]:
    if len(text) > 2 * _ENDS:
        text = f"{text[:_ENDS]}\n{text[-_ENDS:]}"
    return {word for word in _WORD.findall(text.lower()) if not _GRAMMAR.fullmatch(word)}


def _log_odds(counts: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    seen = counts + prior
    odds: NDArray[np.float64] = np.log(seen / (seen.sum() - seen))
    return odds


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

"""The words that tell a group of texts from the others, and names made of them."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

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

"""Which words of two answers differ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import Indel

# Words, marks and the blanks between them, about 12 kB. Compared 64 at a time: 4,000 that have
# little in common take 50 ms, where Python's own matcher is cubic in words that repeat.
MOST_WORDS: Final = 4_000
_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand together, and whether the other answer has them in this place too."""

    text: str
    shared: bool


@dataclass(frozen=True, slots=True)
class WordDiff:
    """Both texts in runs of words.

    Attributes:
        first: the runs of the first text; together they are what was compared of it.
        second: those of the second.
        share: of the words of both that both have, from 0 to 1; 1 for two empty texts.
        cut: whether a text was longer than what was compared.
    """

    first: tuple[Words, ...]
    second: tuple[Words, ...]
    share: float
    cut: bool


def word_diff(first: str, second: str) -> WordDiff:
    """Compare two texts word by word, up to `MOST_WORDS` of each.

    >>> found = word_diff("It is 4.", "It is four.")
    >>> [run.text for run in found.first if not run.shared]
    ['4']
    >>> found.share
    0.8333333333333334
    """
    one, two = _words(first), _words(second)
    a, b = one[:MOST_WORDS], two[:MOST_WORDS]
    ends = [(op.tag == "equal", op.src_start, op.src_end, op.dest_start, op.dest_end)
            for op in Indel.opcodes(a, b)]  # fmt: skip
    return WordDiff(
        first=_runs([(same, a[start:end]) for same, start, end, _, _ in ends]),
        second=_runs([(same, b[start:end]) for same, _, _, start, end in ends]),
        share=Indel.normalized_similarity(a, b) if a or b else 1.0,
        cut=len(one) > MOST_WORDS or len(two) > MOST_WORDS,
    )


def _words(text: str) -> list[str]:
    return [found.group() for found in _WORD.finditer(text)]


def _runs(parts: Sequence[tuple[bool, Sequence[str]]]) -> tuple[Words, ...]:
    """Neighbours of one kind together; what is empty is left out.

    A shared blank between two words that are not shared says nothing, and is one with them.
    """
    filled = [(same, "".join(words)) for same, words in parts if words]
    kinds = [
        same
        and not (
            0 < place < len(filled) - 1
            and not text.strip()
            and not filled[place - 1][0]
            and not filled[place + 1][0]
        )
        for place, (same, text) in enumerate(filled)
    ]
    runs = list[Words]()
    for shared, (_, text) in zip(kinds, filled, strict=True):
        if runs and runs[-1].shared == shared:
            runs[-1] = Words(runs[-1].text + text, shared)
        else:
            runs.append(Words(text, shared))
    return tuple(runs)

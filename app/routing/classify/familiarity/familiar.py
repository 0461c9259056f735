"""Whether a prompt is like anything that was judged, in one sum and one comparison."""

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from tierwatch.routing.classify.familiarity.ends import FEWEST_WORDS
from tierwatch.routing.classify.familiarity.groups import BITS

# Of traffic like the judged, by default: costs at most as much of the saving.
ORDINARY_SHARE: Final = 0.02

_TOP: Final = 1 << (BITS - 1)


class Familiar:
    """Says whether a prompt is as like a group as asked. Immutable, but for what it has worked out.

    A prompt of n words that shares s of them with a core of m has Jaccard's index s / (n + m - s),
    which is t or more where s >= t / (1 + t) * (n + m). So for each n there is a number whose field
    for a group is 128 less what s has to be; added to the sums of `Groups.table` it has the top bit
    set in the field of every group that the prompt is like.

    Args:
        table: of the groups.
        sizes: of their cores.
        least: the index that a familiar prompt has with one of the groups at least; above 0.
    """

    __slots__ = ("_by_count", "_least", "_sizes", "_table", "_tops")

    def __init__(self, table: Sequence[int], sizes: Sequence[int], least: float) -> None:
        self._table = table
        self._sizes = tuple(sizes)
        self._least = least
        self._tops = sum(_TOP << (BITS * place) for place in range(len(self._sizes)))
        self._by_count: dict[int, int] = {}

    def knows(self, words: set[int]) -> bool:
        """Whether one of the groups is like a prompt; of fewer than four words, always.

        Args:
            words: of the prompt, as `end_words` gives them.
        """
        count = len(words)
        if count < FEWEST_WORDS:
            return True
        lacking = self._by_count.get(count)
        if lacking is None:
            lacking = self._by_count[count] = self._lacking(count)
        total: int = sum(itemgetter(*words)(self._table), lacking)
        return total & self._tops != 0

    def _lacking(self, count: int) -> int:
        part = self._least / (1 + self._least)
        needed = (max(1, math.ceil(part * (count + size) - 1e-9)) for size in self._sizes)
        return sum(max(0, _TOP - words) << (BITS * place) for place, words in enumerate(needed))

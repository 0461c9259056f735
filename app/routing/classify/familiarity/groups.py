"""Groups of prompts that are alike, found one prompt at a time.

A prompt joins the group whose shared words it is most like, by Jaccard's index: words in both over
words in either. If it is like none, it begins a group; where there is no room left, in place of the
one that was met longest ago (Hartigan's leader algorithm, with a bound). Of a group is kept how
many of its last prompts had each word, and its *core*: the words that a quarter of them share.
"""

from array import array
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from tierwatch.routing.classify.features import BUCKETS

MOST_GROUPS = 128
# What a prompt has in common with its group, at least. Between .15 and .3 as many prompts of other
# traffic are told apart; below, one group takes in everything.
RADIUS = 0.2

BITS = 8  # of a group's field in a word's number
_FIELD = (1 << BITS) - 1
# Counts are halved at 64 prompts and what has become rare is forgotten: a group follows its kind.
_HALVE_AT = 64
_SHARED = 4  # a word is shared when one prompt in four has it


class Group(NamedTuple):
    """A group as it is stored.

    Attributes:
        members: prompts that its counts stand for.
        met: place in the order of all prompts where one joined last.
        counts: (hashed word, how many of the members have it).
    """

    members: int
    met: int
    counts: tuple[tuple[int, int], ...]


class Groups:
    """Up to 128 groups. Not safe for learning from two threads at once.

    Attributes:
        table: for every hashed word a number in which each group has a field of 8 bits: 1 where
            the word is in its core. Numbers of a prompt's words, added, count for all groups at
            once how many words it shares with each.

    >>> groups = Groups()
    >>> [round(groups.add({1, 2, 3, at}, met=at), 2) for at in (10, 11, 12)]
    [0.0, 0.6, 0.75]
    >>> groups.add({7, 8, 9}, met=13), len(groups)
    (0.0, 2)
    """

    def __init__(self) -> None:
        self.table = [0] * BUCKETS
        self._members: list[int] = []
        self._met: list[int] = []
        self._counts: list[dict[int, int]] = []
        self._cores: list[frozenset[int]] = []

    def __len__(self) -> int:
        return len(self._members)

    @property
    def sizes(self) -> Sequence[int]:
        """How many words each group's core has."""
        return [len(core) for core in self._cores]

    def nearest(self, words: AbstractSet[int]) -> tuple[float, int]:
        """Jaccard's index with the core that is nearest, and that group's place; 0 and -1 of none.

        Args:
            words: of a prompt, as `end_words` gives them.
        """
        if not self._members or not words:
            return 0.0, -1
        total = sum(map(self.table.__getitem__, words))
        shared = total.to_bytes(MOST_GROUPS * BITS // 8, "little")
        count = len(words)
        alike = [
            both / (count + len(core) - both)
            for both, core in zip(shared, self._cores, strict=False)
        ]
        most = max(alike)
        return most, alike.index(most)

    def add(self, words: AbstractSet[int], met: int) -> float:
        """Take a prompt in; gives how alike it was to the nearest group before.

        Args:
            words: of the prompt; at most 255 of them.
            met: its place in the order of all prompts.
        """
        alike, place = self.nearest(words)
        if not words:
            return alike
        if alike >= RADIUS:
            self._join(place, words)
        elif len(self._members) < MOST_GROUPS:
            place = len(self._members)
            for column, empty in ((self._members, 0), (self._met, 0)):
                column.append(empty)
            self._counts.append({})
            self._cores.append(frozenset())
            self._begin(place, words)
        else:
            place = self._met.index(min(self._met))
            self._begin(place, words)
        self._met[place] = met
        return alike

    def stored(self) -> Iterator[Group]:
        """Every group, in the order of their places."""
        for members, met, counts in zip(self._members, self._met, self._counts, strict=True):
            yield Group(members, met, tuple(sorted(counts.items())))

    def restore(self, groups: Sequence[Group]) -> None:
        """Take over stored groups, in place of none.

        Raises:
            ValueError: more than 128, or words and counts that no group has.
        """
        if len(groups) > MOST_GROUPS:
            raise ValueError(f"found {len(groups)} groups; accepted: at most {MOST_GROUPS}")
        for place, (members, met, counts) in enumerate(groups):
            if not 0 < members <= _HALVE_AT or not all(
                0 <= word < BUCKETS and 0 < count <= members for word, count in counts
            ):
                raise ValueError(f"group {place}: found words or counts that no group has")
            self._members.append(members)
            self._met.append(met)
            self._counts.append(dict(counts))
            self._cores.append(frozenset())
            self._share(place)

    def _begin(self, place: int, words: AbstractSet[int]) -> None:
        self._members[place] = 1
        self._counts[place] = dict.fromkeys(words, 1)
        self._share(place)

    def _join(self, place: int, words: AbstractSet[int]) -> None:
        counts = self._counts[place]
        for word in words:
            counts[word] = counts.get(word, 0) + 1
        self._members[place] += 1
        if self._members[place] >= _HALVE_AT:
            self._members[place] //= 2
            halved = {word: count // 2 for word, count in counts.items()}
            self._counts[place] = {word: count for word, count in halved.items() if count}
        self._share(place)

    def _share(self, place: int) -> None:
        """Find the core of a group again, and enter what has changed in the table."""
        members = self._members[place]
        least = max(min(2, members), members / _SHARED)
        core = frozenset(word for word, count in self._counts[place].items() if count >= least)
        field, before = 1 << (BITS * place), self._cores[place]
        for word in before - core:
            self.table[word] -= field
        for word in core - before:
            self.table[word] += field
        self._cores[place] = core


def packed(groups: Sequence[Group]) -> "array[int]":
    """Groups as whole numbers below 2^16, one after the other; `unpacked` reads them back."""
    numbers = array("H")
    for members, _, counts in groups:
        numbers.extend((members, len(counts)))
        numbers.extend(word for word, _ in counts)
        numbers.extend(count for _, count in counts)
    return numbers


def unpacked(numbers: Sequence[int], met: Sequence[int]) -> list[Group]:
    """The groups that `packed` wrote, each with the place where it was met last.

    Raises:
        ValueError: there are too few numbers, or too many.
    """
    groups, at = [], 0
    for place in met:
        members, size = numbers[at : at + 2]
        words = numbers[at + 2 : at + 2 + size]
        at += 2 + 2 * size
        counts = numbers[at - size : at]
        groups.append(Group(members, place, tuple(zip(words, counts, strict=True))))
    if at != len(numbers):
        raise ValueError(f"found {len(numbers)} numbers; accepted: {at}")
    return groups

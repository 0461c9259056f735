"""Task types of which each has words of its own."""

from collections.abc import Mapping, Sequence
from zlib import crc32

from tierwatch.routing.classify.task_types import BUCKETS, TaskTypes, table_of


def types_of(*names: str, version: int = 3) -> TaskTypes:
    """One type a word: its word speaks for it and no other."""
    return types_of_words({name: (name,) for name in names}, version=version)


def types_of_words(words: Mapping[str, Sequence[str]], *, version: int = 3) -> TaskTypes:
    """The words of each type speak for it and no other."""
    weights = [[0.0] * BUCKETS for _ in words]
    for row, own in zip(weights, words.values(), strict=True):
        for word in own:
            row[crc32(word.encode()) % BUCKETS] = 1.0
    codes, biases = table_of(weights, [0.0] * len(words))
    told = tuple(tuple(own) for own in words.values())
    return TaskTypes(version, tuple(words), told, codes, biases)

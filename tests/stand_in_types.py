"""Task types of which each has one word."""

from zlib import crc32

from app.routing.task_types import BUCKETS, TaskTypes, table_of


def types_of(*words: str, version: int = 3) -> TaskTypes:
    """One type a word: its word speaks for it and no other."""
    weights = [[0.0] * BUCKETS for _ in words]
    for row, word in zip(weights, words, strict=True):
        row[crc32(word.encode()) % BUCKETS] = 1.0
    codes, biases = table_of(weights, [0.0] * len(words))
    return TaskTypes(version, words, tuple((word,) for word in words), codes, biases)

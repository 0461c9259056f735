"""Task types: which of a handful of groups a prompt belongs to, found in some 20 microseconds.

Types are found off the hot path (`evaluation.types.building`) and arrive here as one table: for
every hashed word, how much it speaks for each type. A prompt belongs to the type whose words speak
for it most. Only the standard library is needed.
"""

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.artefact import open_sealed, require, seal
from tierwatch.routing.classify.features import HashedWords, hashed_words

# Part of every artefact: a table means nothing under other features. Change it with `type_words`.
FEATURE_VERSION = "type-words-2"
# With 2^12 the types told misroute rates apart better than with 2^13 or 2^15 (Cramer's V at both
# boundaries of recorded traffic .16 and .40, .12 and .34, .14 and .33): rare words are noise here.
BUCKETS = 2**12
MOST_TYPES = 20
FEWEST_TYPES = 2
LARGEST_BYTES = 512 * 1024
_MASK = BUCKETS - 1
# Of all types together, and of what is unlike anything judged.
_TAKEN = frozenset({"all", "unfamiliar"})
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_NAME = 40
# Weights are kept as whole numbers below 2^16. Of 903 characters come at most 903 words, so a sum
# stays below 2^32, and all types of a word fit into one long integer, 32 bits each: adding that is
# adding for every type at once.
_STEPS = 2**16 - 1
_KIND = "task types"


@dataclass(frozen=True, slots=True)
class TaskTypes:
    """One version of the task types. Immutable and thread-safe.

    Attributes:
        version: 1 or more; each rebuild that becomes active is a new one.
        names: of the types, lower-case words joined by dashes.
        words: of each type, the words that tell it from the others, the most telling first.
        weights: type by type, for each of ``BUCKETS`` hashed words a whole number up to 65,535.
        biases: of each type, in the same unit, times the square root of the number of words.

    Raises:
        ArtefactError: when built from anything else.

    >>> weights = array("f", [0.0] * (2 * BUCKETS))
    >>> weights[next(iter(type_words("sql")))] = 9.0
    >>> weights[BUCKETS + next(iter(type_words("poem")))] = 9.0
    >>> types = TaskTypes(1, ("sql", "verse"), (("sql",), ("poem",)), weights, (0.0, 0.0))
    >>> types.assign("Write a poem."), types.assign("Write some SQL.")
    ('verse', 'sql')
    """

    version: int
    names: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    weights: "array[float]" = field(repr=False)
    biases: tuple[float, ...] = field(repr=False)
    _table: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _fields: Struct = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)
        count = len(self.names)
        codes = array("I" if array("I").itemsize == 4 else "L", map(int, self.weights))  # noqa: PLR2004 - bytes of 32 bits
        fields = Struct(f"<{count}I")
        table = tuple(
            int.from_bytes(fields.pack(*codes[bucket::BUCKETS]), "little")
            for bucket in range(BUCKETS)
        )
        object.__setattr__(self, "_table", table)
        object.__setattr__(self, "_fields", fields)

    def assign(self, text: str) -> str:
        """The name of the type that a prompt belongs to; the same on every machine.

        Args:
            text: the prompt, as `routed_text` gives it.
        """
        return self.assign_words(hashed_words(text))

    def assign_words(self, hashed: HashedWords) -> str:
        """The same for a prompt that was read already."""
        buckets = _buckets(hashed)
        total = sum(map(self._table.__getitem__, buckets))
        sums = self._fields.unpack(total.to_bytes(self._fields.size, "little"))
        root = math.sqrt(len(buckets) or 1)
        scores = [found + root * bias for found, bias in zip(sums, self.biases, strict=True)]
        return self.names[scores.index(max(scores))]

    def to_bytes(self) -> bytes:
        """The artefact: kind, checksum, names and table. At most 512 KiB."""
        header = {
            "version": self.version,
            "features": FEATURE_VERSION,
            "buckets": BUCKETS,
            "names": self.names,
            "words": self.words,
            "biases": self.biases,
        }
        sealed = seal(_KIND, header, [self.weights])
        if len(sealed) > LARGEST_BYTES:
            raise ArtefactError(_too_large(len(sealed)))
        return sealed

    @classmethod
    def from_bytes(cls, artefact: bytes) -> "TaskTypes":
        """Read what ``to_bytes`` wrote.

        Raises:
            ArtefactError: it is something else, cut, changed, too large, or made from other
                features.
        """
        if len(artefact) > LARGEST_BYTES:
            raise ArtefactError(_too_large(len(artefact)))
        header, numbers = open_sealed(_KIND, artefact)
        require(_KIND, header, {"features": FEATURE_VERSION, "buckets": BUCKETS})
        try:
            return cls(
                header["version"],
                tuple(header["names"]),
                tuple(map(tuple, header["words"])),
                numbers,
                tuple(map(float, header["biases"])),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise ArtefactError(f"{_KIND}: its content cannot be read") from problem


def type_words(text: str) -> set[int]:
    """The hashed words of a prompt, and what stands between them, each once.

    They are those of `prompt_features` in fewer buckets, so that a prompt is read once for both.
    """
    return _buckets(hashed_words(text))


def _buckets(hashed: HashedWords) -> set[int]:
    return {value & _MASK for value in (*hashed.words, *hashed.between)}


def table_of(
    weights: Sequence[Sequence[float]], biases: Sequence[float]
) -> tuple["array[float]", tuple[float, ...]]:
    """Weights of any size as the whole numbers that `TaskTypes` keeps; the order stays.

    Args:
        weights: of each type, one number for each of ``BUCKETS`` hashed words.
        biases: one for each type.
    """
    least = min(map(min, weights))
    step = (max(map(max, weights)) - least) / _STEPS or 1.0
    codes = array("f", (round((weight - least) / step) for row in weights for weight in row))
    return codes, tuple(bias / step for bias in biases)


def named(types: TaskTypes, names: Mapping[str, str]) -> TaskTypes:
    """The same types with some of them called otherwise."""
    return TaskTypes(
        types.version,
        tuple(names.get(name, name) for name in types.names),
        types.words,
        types.weights,
        types.biases,
    )


def _check(types: TaskTypes) -> None:
    version: Any = types.version
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ArtefactError(f"{_KIND}: version: found {version!r}; accepted: 1, 2, 3, ...")
    count = len(types.names)
    if not FEWEST_TYPES <= count <= MOST_TYPES:
        raise ArtefactError(
            f"{_KIND}: found {count} names; accepted: {FEWEST_TYPES} to {MOST_TYPES}"
        )
    for name in types.names:
        if not is_type_name(name):
            raise ArtefactError(
                f"{_KIND}: found the name {name!r}; accepted: lower-case words and digits joined"
                f" by dashes, at most {_LONGEST_NAME} characters, and none of"
                f" {', '.join(sorted(_TAKEN))}"
            )
    if len(set(types.names)) != count:
        raise ArtefactError(f"{_KIND}: found {types.names}; accepted: each name once")
    if not count == len(types.words) == len(types.biases):
        raise ArtefactError(f"{_KIND}: found words or biases for other than its {count} types")
    if not all(isinstance(word, str) for row in types.words for word in row):
        raise ArtefactError(f"{_KIND}: found a telling word that is no text")
    if not all(map(math.isfinite, types.biases)):
        raise ArtefactError(f"{_KIND}: found a bias that is not finite")
    if len(types.weights) != count * BUCKETS or not all(
        0 <= weight <= _STEPS and weight == int(weight) for weight in types.weights
    ):
        raise ArtefactError(
            f"{_KIND}: found other weights than {count} x {BUCKETS} whole numbers to {_STEPS}"
        )


def is_type_name(name: object) -> bool:
    """Whether a type may be called this: it goes into names of streams, segments and links.

    >>> is_type_name("sql-table"), is_type_name("all"), is_type_name("a|b")
    (True, False, False)
    >>> is_type_name("unfamiliar")
    False
    """
    return (
        isinstance(name, str)
        and len(name) <= _LONGEST_NAME
        and name not in _TAKEN
        and _NAME.fullmatch(name) is not None
    )


def _too_large(size: int) -> str:
    return f"{_KIND}: found {size:,} bytes; accepted: at most {LARGEST_BYTES:,}"

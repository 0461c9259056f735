"""The prompts whose pairs a boundary has learned, and what share of such prompts is unlike them.

The rule is a split-conformal one (Vovk, Gammerman, Shafer: "Algorithmic learning in a random
world", 2005). Each judged prompt is scored by how alike it is to the groups *before* it joins them.
A prompt to come is unfamiliar where it is less alike than the k-th least alike of the last n, k =
floor(share * (n + 1)): of prompts that are exchangeable with those n at most the stated share is.

That is proven for groups that stay as they are. They grow with every pair, which makes later
prompts more alike, so the share called unfamiliar is smaller. It is not proven under drift: traffic
that has changed is what this is there to find.
"""

from array import array
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable
from typing import Any, Self

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.artefact import little_endian, require
from tierwatch.routing.classify.familiarity.ends import WORDS_VERSION
from tierwatch.routing.classify.familiarity.familiar import Familiar
from tierwatch.routing.classify.familiarity.groups import Groups, packed, unpacked

# Judged prompts before any is called unlike them.
FEWEST_PROMPTS = 200
_RECENT = 1_000  # prompts that set the bound
# What shares three words in ten with a group is like it, however alike those judged were.
_ALIKE = 0.3
_KIND = "prompts seen"


class SeenPrompts:
    """What a boundary has seen. Not safe for learning from two threads at once.

    Attributes:
        prompts: how many.

    >>> seen = SeenPrompts()
    >>> for at in range(300):
    ...     seen.add({1, 2, 3, 4, 5, 6, 100 + at % 50})
    >>> familiar = seen.familiar(.02)
    >>> familiar.knows({1, 2, 3, 4, 5, 6, 99}), familiar.knows({10, 11, 12, 13, 14, 15})
    (True, False)
    """

    def __init__(self) -> None:
        self.prompts = 0
        self._groups = Groups()
        self._recent: deque[tuple[float, float]] = deque(maxlen=_RECENT)

    def add(self, words: set[int], weight: float = 1.0) -> None:
        """Take a judged prompt in.

        Args:
            words: of the prompt, as `end_words` gives them.
            weight: how many prompts it stands for; above 0.
        """
        self._recent.append((round(self._groups.add(words, self.prompts), 4), weight))
        self.prompts += 1

    def familiar(self, share: float) -> Familiar | None:
        """The rule that calls at most this share of such prompts unfamiliar; None calls none so.

        None where fewer than 200 prompts were seen, too few for the share, or where the least alike
        had nothing in common with any group.

        Args:
            share: from 0 to 1.
        """
        if self.prompts < FEWEST_PROMPTS:
            return None
        least = min(least_alike(self._recent, share), _ALIKE)
        if least <= 0:
            return None
        return Familiar(tuple(self._groups.table), self._groups.sizes, least)

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` reads them back."""
        groups = list(self._groups.stored())
        numbers = little_endian(packed(groups))
        return {
            "words": WORDS_VERSION,
            "prompts": self.prompts,
            "recent": list(self._recent),
            "met": [group.met for group in groups],
            "groups": b64encode(numbers.tobytes()).decode("ascii"),
        }

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ArtefactError: anything else, or made from other words.
        """
        restored = cls()
        try:
            require(_KIND, value, {"words": WORDS_VERSION})
            restored.prompts = int(value["prompts"])
            restored._recent.extend(
                (float(alike), float(weight)) for alike, weight in value["recent"]
            )
            numbers = array("H")
            numbers.frombytes(b64decode(value["groups"], validate=True))
            restored._groups.restore(
                unpacked(little_endian(numbers), [int(met) for met in value["met"]])
            )
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise ArtefactError(f"{_KIND}: cannot be read: {problem!r}") from None
        return restored


def least_alike(recent: Iterable[tuple[float, float]], share: float) -> float:
    """The index below which at most a share of prompts like these will be; 0 for none.

    Where each counts 1 this is the floor(share * (n + 1))-th of the n, in order. Where they stand
    for more or less, the prompt to come is taken to weigh as much as the heaviest.

    Args:
        recent: (index, weight) of each; weights above 0.
        share: from 0 to 1.

    >>> least_alike([(.1, 1), (.2, 1), (.3, 1), (.4, 1)], .4)
    0.2
    >>> least_alike([(.1, 1), (.2, 1), (.3, 1), (.4, 1)], .1)
    0
    """
    ordered = sorted(recent)
    if not ordered:
        return 0
    heaviest = max(weight for _, weight in ordered)
    room = share * (sum(weight for _, weight in ordered) + heaviest) + 1e-9
    found: float = 0
    for alike, weight in ordered:
        room -= weight
        if room < 0:
            break
        found = alike
    return found

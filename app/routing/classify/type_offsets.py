"""What each task type adds to the log-odds of both heads of a local classifier.

A global head reads words; a type knows a rate. Offsets are learned off the hot path
(`evaluation.types.shrinkage`) and travel inside the classifier's artefact with the version of the
types they were learned for. Under any other version they are 0.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.task_types import is_type_name

Offsets = tuple[float, float]
NO_OFFSETS: Offsets = (0.0, 0.0)
# Odds of 20 to 1: a type that is farther from what its words say is no matter of an offset.
LARGEST_OFFSET = 3.0
_KIND = "type offsets"


@dataclass(frozen=True, slots=True)
class TypeOffsets:
    """The offsets of a classifier, for one version of the task types. Immutable.

    Attributes:
        types_version: of the types; 1 or more.
        by_type: name of a type -> what is added to the log-odds that the higher and that the lower
            tier's answer is better, each from -3 to 3. A type that is not named has 0.

    Raises:
        ArtefactError: when built from anything else.

    >>> offsets = TypeOffsets(2, {"sql": (.4, -.1)})
    >>> offsets.under(2)["sql"], dict(offsets.under(3)), dict(offsets.under(0))
    ((0.4, -0.1), {}, {})
    """

    types_version: int
    by_type: Mapping[str, Offsets]

    def __post_init__(self) -> None:
        version: Any = self.types_version
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise ArtefactError(f"{_KIND}: version: found {version!r}; accepted: 1, 2, 3, ...")
        for name, offsets in self.by_type.items():
            if not is_type_name(name):
                raise ArtefactError(f"{_KIND}: found {name!r}; accepted: the name of a task type")
            if not all(math.isfinite(one) and abs(one) <= LARGEST_OFFSET for one in offsets):
                raise ArtefactError(
                    f"{_KIND}: {name}: found {offsets}; accepted: two numbers from"
                    f" -{LARGEST_OFFSET:g} to {LARGEST_OFFSET:g}"
                )
        object.__setattr__(self, "by_type", MappingProxyType(dict(self.by_type)))

    def under(self, types_version: int) -> Mapping[str, Offsets]:
        """The offsets where types of this version are active; empty under any other."""
        return self.by_type if types_version == self.types_version else MappingProxyType({})

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` reads them back."""
        return {
            "types_version": self.types_version,
            "by_type": {name: list(offsets) for name, offsets in self.by_type.items()},
        }

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ArtefactError: anything else.
        """
        try:
            by_type = {
                name: (float(higher), float(lower))
                for name, (higher, lower) in value["by_type"].items()
            }
            return cls(value["types_version"], by_type)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise ArtefactError(f"{_KIND}: cannot be read: {problem!r}") from None

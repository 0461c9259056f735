"""The evalsets that ship with tierwatch: for the judge, the tiers and the response cache.

An anchor is a pair whose correct verdict is known. A probe is a prompt whose answer can be checked
by a program. A near miss is a pair of prompts that look alike and ask different things; beside them
stand rewordings that do not. All are read from ``evalsets/NAME/items.jsonl`` beside this package;
the card.md there says how they were made. A set's version is made from its bytes: results of
another version are another measurement.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import orjson

import tierwatch_evalsets
from tierwatch.errors import TierwatchError

FOLDER = Path(tierwatch_evalsets.__file__).parent

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A prompt, two answers, and which is materially better.

    Attributes:
        id: unique in the set.
        kind: kind of task.
        trait: what makes it easy to be wrong about, such as ``longer_but_wrong``.
        prompt: what the user asked.
        a: one answer.
        b: the other.
        verdict: the better answer, or ``tie``.
        why: what is wrong with the worse one, for people.
    """

    id: str
    kind: str
    trait: str
    prompt: str
    a: str
    b: str
    verdict: Literal["a", "b", "tie"]
    why: str

    @property
    def longer(self) -> Literal["a", "b", "tie"]:
        """Which answer has more characters."""
        if len(self.a) == len(self.b):
            return "tie"
        return "a" if len(self.a) > len(self.b) else "b"


@dataclass(frozen=True, slots=True)
class Probe:
    """A prompt with a check that a reply passes or not (`evaluation.alarms.probe_checks`).

    Attributes:
        id: unique in the set.
        kind: kind of task.
        difficulty: ``easy | medium | hard``.
        prompt: what is asked; it states the form of the answer.
        check: how a reply is checked.
        answer: a reply that passes.
        wrong: a plausible reply that does not.
    """

    id: str
    kind: str
    difficulty: str
    prompt: str
    check: Mapping[str, Any]
    answer: str
    wrong: str


@dataclass(frozen=True, slots=True)
class PromptPair:
    """Two prompts that look alike.

    Attributes:
        id: unique in the set.
        kind: what they differ in.
        a: one prompt.
        b: the other.
        same: whether one answer does for both.
    """

    id: str
    kind: str
    a: str
    b: str
    same: bool


@dataclass(frozen=True, slots=True)
class Evalset(Generic[Item]):
    """A set's items in the order of the file, and its version."""

    version: str
    items: tuple[Item, ...]

    def part(self, share: float) -> "Evalset[Item]":
        """A ``share`` of the items, evenly from the whole file, so that no kind is left out.

        It is a set of its own: what was answered of the whole is not compared with it.

        >>> whole = Evalset("probes/1f", tuple("abcdefghij"))
        >>> whole.part(0.3)
        Evalset(version='probes/1f, 0.3 of it', items=('d', 'g', 'j'))
        >>> whole.part(1.0) is whole
        True
        """
        if share == 1:
            return self
        places = range(1, len(self.items) + 1)
        kept = [int(place * share) > int((place - 1) * share) for place in places]
        items = tuple(item for item, asked in zip(self.items, kept, strict=True) if asked)
        return Evalset(f"{self.version}, {share:g} of it", items or self.items[:1])


@cache
def anchors(folder: Path = FOLDER) -> Evalset[Anchor]:
    """The anchors.

    Raises:
        TierwatchError: the set is missing or damaged.
    """
    return _read(folder / "anchors" / "items.jsonl", Anchor)


@cache
def probes(folder: Path = FOLDER) -> Evalset[Probe]:
    """The probes.

    Raises:
        TierwatchError: the set is missing or damaged.
    """
    return _read(folder / "probes" / "items.jsonl", Probe)


@cache
def near_misses(folder: Path = FOLDER) -> Evalset[PromptPair]:
    """Near misses and harmless rewordings.

    Raises:
        TierwatchError: the set is missing or damaged.
    """
    return _read(folder / "near_misses" / "items.jsonl", PromptPair)


def _read(path: Path, make: Callable[..., Item]) -> Evalset[Item]:
    try:
        content = path.read_bytes()
        rows = [orjson.loads(line) for line in content.splitlines() if line.strip()]
        items = tuple(make(**row) for row in rows)
    except (OSError, ValueError, TypeError) as problem:
        raise TierwatchError(
            f"{path}: this evalset cannot be read ({problem}); reinstall tierwatch"
        ) from problem
    if not items:
        raise TierwatchError(f"{path}: this evalset is empty; reinstall tierwatch")
    digest = hashlib.blake2b(content, digest_size=4).hexdigest()
    return Evalset(f"{path.parent.name}/{digest}", items)

"""Prompts whose difficulty shows in one telling word, judged with some mistakes."""

import random
from collections.abc import Sequence
from functools import cache

from tierwatch.routing.classify.local import LocalClassifier

HARD = ("prove", "derive", "lemma", "bound", "integral")
EASY = ("capital", "colour", "name", "day", "who")
PLAIN = ("the", "of", "a", "in", "for", "is", "this", "with", "and", "to")


def prompt(chance: random.Random, telling: Sequence[str]) -> str:
    """Twelve plain words and a telling one."""
    words = [*chance.choices(PLAIN, k=12), chance.choice(telling)]
    chance.shuffle(words)
    return " ".join(words)


def judged(n: int, seed: int = 1, *, flip: float = 0.1) -> list[tuple[str, str]]:
    """Pairs whose verdict follows one telling word, but for a share that was judged wrongly."""
    chance = random.Random(seed)
    pairs = []
    for _ in range(n):
        hard = chance.random() < 0.5
        text = prompt(chance, HARD if hard else EASY)
        wrong = chance.random() < flip
        pairs.append((text, "worse" if hard != wrong else chance.choice(["tie", "better"])))
    return pairs


def taught(n: int, seed: int = 1) -> LocalClassifier:
    """A classifier that has learned so many of these pairs."""
    texts, verdicts = zip(*judged(n, seed), strict=True)
    return LocalClassifier().fit(texts, verdicts)


@cache
def confident() -> LocalClassifier:
    """One that knows the telling words well; not to be taught any further."""
    return taught(3_000)

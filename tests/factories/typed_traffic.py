"""Simulated traffic whose kinds are known, and the types built of it."""

import math
import random

from tierwatch.evaluation.types.build import build_types
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.routing.classify.task_types import TaskTypes

KINDS = {
    "sql": ("select table join query index database column rows", 0.6),
    "poem": ("rhyme verse stanza spring moon sonnet metaphor lyric", 0.05),
    "proof": ("theorem lemma integer prime induction proof bound axiom", 0.4),
    "mail": ("dear regards meeting invoice reply customer letter polite", 0.1),
}


FILLER = ["please", "write", "something", "about", "that", "with", "more", "detail", "examples"]


Traffic = tuple[list[str], dict[str, list[float]], list[str], list[str]]


def traffic(
    n: int = 1600, *, seed: int = 0, kinds: dict[str, tuple[str, float]] = KINDS
) -> Traffic:
    """Texts, losses by boundary, sessions, kinds."""
    rng = random.Random(seed)
    texts, simple, standard, told = [], [], [], []
    for number in range(n):
        kind = rng.choice(list(kinds))
        words, rate = kinds[kind]
        chosen = rng.sample(words.split(), 4) + rng.sample(FILLER, 4)
        rng.shuffle(chosen)
        texts.append(" ".join(chosen))
        told.append(kind)
        loss = float(rng.random() < rate)
        simple.append(loss if number % 2 else math.nan)
        standard.append(math.nan if number % 2 else loss)
    return (
        texts,
        {"simple": simple, "standard": standard},
        [f"s{number // 2}-{seed}" for number in range(n)],
        told,
    )


def built(data: Traffic, **options: object) -> tuple[TaskTypes, TypesEvidence]:
    return build_types(*data[:3], **options)  # type: ignore[arg-type]


def kinds_of(types: TaskTypes, data: Traffic) -> dict[str, str]:
    """Type -> the kind most of its prompts are of."""
    found: dict[str, list[str]] = {}
    for text, kind in zip(data[0], data[3], strict=True):
        found.setdefault(types.assign(text), []).append(kind)
    return {name: max(set(kinds), key=kinds.count) for name, kinds in found.items()}

"""RouteLLM's evaluation responses, and how a ranking of their prompts is measured.

The metric is RouteLLM's (Ong et al. 2024, "RouteLLM: learning to route LLMs with preference data"):
the prompts are cut at the 11 edges of ten equally full bins of the router's score, all above an
edge go to the strong model, and the share of the quality gap that is recovered is averaged over the
share of calls to the strong model. Folds are over different prompt texts, so that no text is both
learned from and measured on.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WEAK = "mistralai/Mixtral-8x7B-Instruct-v0.1"
STRONG = "gpt-4-1106-preview"
FOLDS = 5
BUDGETS = 10
BINS = 15
WANTED = 0.8  # of the gap, for CPT80

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Questions:
    """Prompts with the scores of both models.

    Attributes:
        texts: prompts; some stand more than once.
        ids: number of each prompt among the different ones in the order of their characters; (n,).
        weak: score of the weak model's answer, 0 to 1; (n,).
        strong: the same of the strong model's; (n,).
    """

    texts: tuple[str, ...]
    ids: Places
    weak: Numbers
    strong: Numbers

    @property
    def verdicts(self) -> list[str]:
        """Of the weak model's answer, for each prompt: ``worse | tie | better``."""
        names = {1: "worse", 0: "tie", -1: "better"}
        return [names[int(sign)] for sign in np.sign(self.strong - self.weak)]


class Fold(NamedTuple):
    """One cut of the prompts: what may be learned from, and what is measured on."""

    seed: int
    number: int
    pool: Places
    test: Places

    def draw(self, pairs: int) -> Places:
        """The first ``pairs`` of the pool in this fold's random order; all when it has fewer."""
        chance = np.random.RandomState(100 * self.seed + self.number)
        return chance.permutation(self.pool)[:pairs]


class Recovered(NamedTuple):
    """What a ranking recovers of the gap between both models.

    Attributes:
        apgr: average performance gap recovered; .5 at random, 1 at best.
        cpt80: percent of calls to the strong model that recover 80 % of the gap.
    """

    apgr: float
    cpt80: float


def files(folder: Path, names: Sequence[str]) -> list[Path]:
    """Where the recorded responses of these benchmarks are."""
    return [folder / f"routellm_{name}_dev.jsonl.gz" for name in names]


def read_questions(paths: Sequence[Path]) -> Questions:
    """All prompts of these files, in their order."""
    texts: list[str] = []
    scores: list[tuple[float, float]] = []
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                texts.append(row["prompt"])
                scores.append(tuple(row["models"][model]["score"] for model in (WEAK, STRONG)))
    ids = {text: number for number, text in enumerate(sorted(set(texts)))}
    weak, strong = np.array(scores, dtype=float).T
    return Questions(tuple(texts), np.array([ids[text] for text in texts]), weak, strong)


def folds(questions: Questions, seed: int) -> Iterator[Fold]:
    """Five folds over the different texts, shuffled: those of scikit-learn's ``KFold``."""
    order = np.arange(questions.ids.max() + 1)
    np.random.RandomState(seed).shuffle(order)
    for number, held_out in enumerate(np.array_split(order, FOLDS)):
        test = np.isin(questions.ids, held_out)
        yield Fold(seed, number, np.flatnonzero(~test), np.flatnonzero(test))


def recovered_gap(scores: Numbers, weak: Numbers, strong: Numbers) -> Recovered:
    """APGR and CPT80 of sending the prompts of the highest scores to the strong model.

    >>> weak, strong = np.zeros(10), np.array([0.0] * 5 + [1.0] * 5)
    >>> found = recovered_gap(np.arange(10.0), weak, strong)  # the best order there is
    >>> round(found.apgr, 3), round(found.cpt80, 3)
    (0.75, 40.0)
    """
    edges = np.quantile(scores, np.linspace(0, 1, BUDGETS + 1))
    edges[-1] = np.inf  # the last budget is none
    sent = scores >= edges[::-1, None]
    share = sent.mean(axis=1)
    accuracy = np.where(sent, strong, weak).mean(axis=1)
    gap = (accuracy - weak.mean()) / (strong.mean() - weak.mean())
    apgr = float(np.trapezoid(gap, share))
    cpt80 = float(np.interp(WANTED, np.maximum.accumulate(gap), share))
    return Recovered(apgr, 100 * cpt80)


def calibration_error(chances: Numbers, truths: Numbers) -> float:
    """Mean distance between foreseen and found rate over 15 bins of equally many prompts.

    >>> calibration_error(np.full(30, 0.5), np.tile([0.0, 1.0], 15))
    0.0
    """
    order = np.argsort(chances, kind="stable")
    return float(
        sum(
            len(part) / len(order) * abs(chances[part].mean() - truths[part].mean())
            for part in np.array_split(order, BINS)
        )
    )


def calibration_floor(chances: Numbers, draws: int = 40, seed: int = 0) -> float:
    """The calibration error of chances that are right: outcomes are drawn from them."""
    chance = np.random.default_rng(seed)
    return float(
        np.mean(
            [
                calibration_error(chances, (chance.random(len(chances)) < chances).astype(float))
                for _ in range(draws)
            ]
        )
    )

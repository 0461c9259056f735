"""Bars that others set: a published sweep of guarantees, and a router arena's questions.

    python benchmarks/outside.py [--data DIR] [--models N] [--splits N] [--seeds N]

1. Uddin and Bauer, "Conformal LLM Routing with Distribution-Free Safety Guarantees" (ACL 2026,
   student research workshop, 70): the cheap model may be wrong on at most a share alpha of the
   prompts that it is given, with probability 1 - delta. Mixtral-8x7B and GPT-4 on MMLU and GSM8K,
   alpha from .05 to .50. Here `LocalClassifier` is the gate and `choose_threshold` certifies,
   beside ways to choose from the same confidences: Clopper-Pearson on the loosest threshold of a
   tuning half, Clopper-Pearson shared out over all thresholds, and the loosest that looks right.
2. RouterArena's sub_10: the gap recovered on questions of 36 data sets by a model of its other
   questions, as a curve over how many those are.
3. GSM8K: the same curve, and what knowing each prompt's gain would recover.

Prints JSON, and tables on stderr. Nothing is scored by a model that learned it.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from routellm import (
    Numbers,
    Places,
    Questions,
    files,
    folds,
    read_questions,
    recovered_gap,
)
from scipy.stats import beta

from tierwatch.evaluation.thresholds.choice import choose_threshold
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.local import LocalClassifier

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
ALPHAS = tuple(round(0.05 * step, 2) for step in range(1, 11))
DELTA = 0.05
GRID = np.arange(0, 101) / 100
LEARNED = 0.4  # of the prompts; half of the rest certifies, half is what is measured
ARENA = "routerarena_sub10"
ARENA_FOLDS = 10
CURVE = (0.25, 0.5, 0.75, 1.0)

Chooser = Callable[[Numbers, Numbers, float, np.random.Generator], float]


def upper(losses: Numbers | Sequence[float], kept: Numbers, delta: float) -> Numbers:
    """Clopper-Pearson's upper bound of rates of so many losses among so many; 1 of none."""
    found = beta.ppf(1 - delta, np.asarray(losses) + 1, np.maximum(kept - losses, 1e-9))
    return np.where(kept > losses, found, 1.0)


def sums(confidences: Numbers, wrong: Numbers) -> tuple[Numbers, Numbers]:
    """Prompts that each threshold of the grid keeps, and losses among them."""
    kept = confidences >= GRID[:, None]
    return kept.sum(axis=1).astype(float), (kept * wrong).sum(axis=1)


def loosest(passing: Numbers) -> float:
    """The lowest threshold that passes; above 1 where none does."""
    places = np.flatnonzero(passing)
    return float(GRID[places[0]]) if len(places) else 2.0


def certified(confidences: Numbers, wrong: Numbers, alpha: float, _: np.random.Generator) -> float:
    """What tierwatch certifies."""
    choice = choose_threshold(
        confidences, wrong, None, alpha=alpha, delta=DELTA, current=0.5, step=0.5
    )
    return choice.threshold if choice.certified and choice.threshold is not None else 2.0


def split(confidences: Numbers, wrong: Numbers, alpha: float, chance: np.random.Generator) -> float:
    """Clopper-Pearson on one half, of the loosest threshold that would pass on the other."""
    order = chance.permutation(len(wrong))
    tune, test = np.array_split(order, 2)
    kept, lost = sums(confidences[tune], wrong[tune])
    threshold = loosest(upper(lost, kept, DELTA) <= alpha)
    stays = confidences[test] >= threshold
    bound = upper([wrong[test][stays].sum()], np.array([float(stays.sum())]), DELTA)
    return threshold if bound[0] <= alpha else 2.0


def shared_out(confidences: Numbers, wrong: Numbers, alpha: float, _: np.random.Generator) -> float:
    """Clopper-Pearson on every threshold, each with its part of delta."""
    kept, lost = sums(confidences, wrong)
    return loosest(upper(lost, kept, DELTA / len(GRID)) <= alpha)


def looks_right(
    confidences: Numbers, wrong: Numbers, alpha: float, _: np.random.Generator
) -> float:
    """The loosest whose rate was at most alpha: a baseline tuned on validation data."""
    kept, lost = sums(confidences, wrong)
    return loosest((kept > 0) & (lost <= alpha * kept))


CHOOSERS: Mapping[str, Chooser] = {
    "tierwatch": certified,
    "clopper_pearson_split": split,
    "clopper_pearson_shared_out": shared_out,
    "tuned": looks_right,
}


def sweep(questions: Questions, models: int, splits: int) -> dict[str, Any]:
    """Violations and kept share by chooser and alpha, over random splits."""
    tallies = {name: np.zeros((len(ALPHAS), 3)) for name in CHOOSERS}
    for seed in range(models):
        learned, rest = learned_and_rest(questions, seed)
        confidences, wrong = learned, (questions.weak[rest] < questions.weak.max()).astype(float)
        for number in range(splits):
            chance = np.random.default_rng((seed, number))
            order = chance.permutation(len(rest))
            own, test = np.array_split(order, 2)
            for place, alpha in enumerate(ALPHAS):
                for name, choose in CHOOSERS.items():
                    threshold = choose(confidences[own], wrong[own], alpha, chance)
                    stays = confidences[test] >= threshold
                    rate = wrong[test][stays].mean() if stays.any() else 0.0
                    tallies[name][place] += (rate > alpha, stays.mean(), threshold > 1)
    of = models * splits
    return {
        "prompts": len(questions.texts),
        "cheap_wrong": round(float((questions.weak < questions.weak.max()).mean()), 3),
        "splits": of,
        "rows": {
            name: {
                f"{alpha:g}": dict(
                    zip(("violated", "kept", "nothing"), (row / of).round(4).tolist(), strict=True)
                )
                for alpha, row in zip(ALPHAS, tally, strict=True)
            }
            for name, tally in tallies.items()
        },
    }


def learned_and_rest(questions: Questions, seed: int) -> tuple[Numbers, Places]:
    """The confidences of prompts that a model did not learn, and where they stand."""
    texts = np.random.RandomState(seed).permutation(questions.ids.max() + 1)
    own = np.isin(questions.ids, texts[: int(LEARNED * len(texts))])
    wrong = questions.weak < questions.weak.max()
    model = LocalClassifier().fit(
        [questions.texts[at] for at in np.flatnonzero(own)],
        ["worse" if wrong[at] else "tie" for at in np.flatnonzero(own)],
    )
    rest = np.flatnonzero(~own)
    return np.array([1 - model.predict(questions.texts[at])[0] for at in rest]), rest


def arena(data: Path) -> Questions:
    """RouterArena's questions; the dearer model is the one that scores higher."""
    with gzip.open(data / f"{ARENA}_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    names = list(rows[0]["models"])
    scores = np.array([[row["models"][name]["score"] for name in names] for row in rows])
    low, high = np.argsort(scores.mean(axis=0))
    texts = tuple(row["prompt"] for row in rows)
    ids = {text: number for number, text in enumerate(sorted(set(texts)))}
    places = np.array([ids[text] for text in texts])
    return Questions(texts, places, scores[:, low], scores[:, high])


def crossed(questions: Questions, seed: int, number: int, share: float) -> Numbers:
    """The net gain that a model of the other folds foresees for each prompt."""
    found = np.zeros(len(questions.texts))
    order = np.random.RandomState(seed).permutation(questions.ids.max() + 1)
    verdicts = questions.verdicts
    for held_out in np.array_split(order, number):
        others = np.random.RandomState(seed).permutation(np.setdiff1d(order, held_out))
        taken = others[: int(share * len(others))]
        own = np.random.RandomState(seed).permutation(np.flatnonzero(np.isin(questions.ids, taken)))
        model = LocalClassifier().fit(
            [questions.texts[at] for at in own], [verdicts[at] for at in own]
        )
        for at in np.flatnonzero(np.isin(questions.ids, held_out)):
            higher, lower = model.predict(questions.texts[at])
            found[at] = higher - lower
    return found


def arena_rows(questions: Questions, seeds: int) -> dict[str, Any]:
    """What rankings recover of the gap."""
    weak, strong = questions.weak, questions.strong
    heuristic = HeuristicClassifier(["cheap", "dear"])
    asked = ([{"role": "user", "content": text}] for text in questions.texts)
    sure = [(heuristic.classify(one).confidences or {})["cheap"] for one in asked]
    rows: dict[str, Any] = {
        "questions": len(questions.texts),
        "length": recovered_gap(np.array([float(len(t)) for t in questions.texts]), weak, strong),
        "heuristic": recovered_gap(-np.array(sure), weak, strong),
        "knowing_each_gain": recovered_gap(strong - weak, weak, strong),
    }
    for share in CURVE:
        found = [
            recovered_gap(crossed(questions, seed, ARENA_FOLDS, share), weak, strong).apgr
            for seed in range(seeds)
        ]
        pairs = int(share * len(questions.texts) * (1 - 1 / ARENA_FOLDS))
        rows[f"own_{pairs}"] = {"apgr": float(np.mean(found)), "sd": float(np.std(found))}
    return rows


def gsm8k_rows(questions: Questions, seeds: int) -> dict[str, Any]:
    """The learning curve of `router.py`'s recipe, and the best order there is."""
    rows: dict[str, Any] = {}
    verdicts = questions.verdicts
    for share in CURVE:
        found, pairs = [], 0
        for seed in range(seeds):
            for fold in folds(questions, seed):
                own = fold.draw(int(share * len(fold.pool)))
                pairs = len(own)
                model = LocalClassifier().fit(
                    [questions.texts[at] for at in own], [verdicts[at] for at in own]
                )
                chances = np.array([model.predict(questions.texts[at]) for at in fold.test])
                gains = chances[:, 0] - chances[:, 1]
                weak, strong = questions.weak[fold.test], questions.strong[fold.test]
                found.append(recovered_gap(gains, weak, strong).apgr)
        rows[f"own_{pairs}"] = {
            "apgr": float(np.mean(found)),
            "standard_error": float(np.std(found) / np.sqrt(len(found))),
        }
    return rows


def show(name: str, found: Mapping[str, Any]) -> None:
    """One part on stderr."""
    print(f"{name}: {json.dumps(found)}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Bars from outside.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--models", type=int, default=5, help="training splits")
    parser.add_argument("--splits", type=int, default=40, help="of what each model did not learn")
    parser.add_argument("--seeds", type=int, default=4)
    asked = parser.parse_args()
    if not (asked.data / f"{ARENA}_dev.jsonl.gz").exists():
        print(f"nothing was measured: no {ARENA} in {asked.data}", file=sys.stderr)
        return
    result: dict[str, Any] = {"delta": DELTA}
    result[ARENA] = arena_rows(arena(asked.data), asked.seeds)
    show(ARENA, result[ARENA])
    for name in ("gsm8k", "mmlu"):
        result[name] = sweep(read_questions(files(asked.data, (name,))), asked.models, asked.splits)
        show(name, result[name])
    result["gsm8k_curve"] = gsm8k_rows(read_questions(files(asked.data, ("gsm8k",))), asked.seeds)
    show("gsm8k_curve", result["gsm8k_curve"])
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

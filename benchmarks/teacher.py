"""What a teacher is worth to the local classifier, on RouteLLM's public evaluation data.

    python benchmarks/teacher.py FILE [--pairs N ...] [--seeds N]

FILE is a gzipped JSON-lines file with ``prompt`` and ``models: {name: {score}}`` of two models.
Folds are over distinct prompts, the metric is RouteLLM's: thresholds at the eleven edges of ten
quantile bins, share sent to the strong model against accuracy, area by trapezoids, as a share of
the gap. Prints JSON: mean APGR of the classifier alone, of the teacher, of the student, and of the
paired difference.
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.training.distil import Lessons, fit_student
from tierwatch.training.teacher import TEACHERS, fit_teacher

WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
FOLDS = 5


def apgr(chances: Any, weak: Any, strong: Any) -> float:
    """Share of the gap recovered, averaged over budgets."""
    score = np.asarray(chances) @ [1.0, -1.0]
    edges = np.quantile(score, np.linspace(0, 1, 11))
    edges[-1] += 1e-9
    points = sorted(
        ((score >= edge).mean(), np.where(score >= edge, strong, weak).mean()) for edge in edges
    )
    sent, accuracy = np.array(points).T
    gap = (accuracy - weak.mean()) / (strong.mean() - weak.mean())
    return float(np.trapezoid(gap, sent) / (sent[-1] - sent[0]))


def folds(distinct: int, seed: int) -> list[Any]:
    """Shuffled k-fold over distinct prompts, as scikit-learn's KFold cuts it."""
    order = np.arange(distinct)
    np.random.RandomState(seed).shuffle(order)
    return np.array_split(order, FOLDS)


def measured(file: Path, pairs: int, seeds: int, kind: str) -> dict[str, Any]:
    """All folds of all seeds for one number of pairs."""
    with gzip.open(file, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    texts = np.array([row["prompt"] for row in rows], dtype=object)
    weak, strong = (
        np.array([float(row["models"][name]["score"]) for row in rows]) for name in (WEAK, STRONG)
    )
    verdicts = np.where(weak < strong, "worse", np.where(weak > strong, "better", "tie"))
    distinct, which = np.unique(texts.astype(str), return_inverse=True)
    found: dict[str, list[float]] = {"alone": [], "teacher": [], "student": []}
    for seed in range(seeds):
        for fold, test in enumerate(folds(distinct.size, seed)):
            tested = np.isin(which, test)
            pool, held = np.flatnonzero(~tested), np.flatnonzero(tested)
            draw = np.random.RandomState(100 * seed + fold)
            learned = draw.permutation(pool)[:pairs]
            lessons = Lessons(
                texts[learned].tolist(),
                verdicts[learned].tolist(),
                [1.0] * len(learned),
                [str(number) for number in learned],
            )
            asked = texts[held].tolist()
            alone = LocalClassifier().fit(lessons.texts, lessons.verdicts)
            student = fit_student(lessons, texts[pool].tolist(), teacher=kind)
            teacher = fit_teacher(kind, lessons.texts, lessons.verdicts)
            for name, chances in (
                ("alone", [alone.predict(text) for text in asked]),
                ("teacher", teacher.chances(asked)),
                ("student", [student.predict(text) for text in asked]),
            ):
                found[name].append(apgr(chances, weak[held], strong[held]))
    gain = np.subtract(found["student"], found["alone"])
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    return {
        "pairs": pairs,
        "kind": kind,
        "folds": gain.size,
        **means,
        "student_gain": round(float(gain.mean()), 4),
        "student_gain_sd_of_folds": round(float(gain.std(ddof=1)), 4),
    }


def main() -> None:
    """Print one JSON object a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_500, 5_000])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--teacher", choices=TEACHERS, nargs="+", default=list(TEACHERS))
    given = parser.parse_args()
    for pairs in given.pairs:
        for kind in given.teacher:
            print(json.dumps(measured(given.file, pairs, given.seeds, kind)), flush=True)


if __name__ == "__main__":
    main()

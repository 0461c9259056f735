"""How task types separate misroute rates, outlive a rebuild, and what assigning costs; JSON.

Run: ``python benchmarks/task_types.py --traffic FILE``, with recorded traffic in order of arrival.
Only the prompts' text is read; the file's own names of tasks are not. Bars: V on held-out pairs at
least .15, of random groups at most .06; after a rebuild at least 80 % of prompts keep the name of
their type; assigning takes at most 60 us at the median.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.evaluation.task_types import TypesEvidence, build_types, installed_leiden
from app.providers.traffic import RecordedExchange, read_traffic
from app.routing.features import routed_text
from app.routing.task_types import TaskTypes

BOUNDARIES = {"simple": "simple<standard", "standard": "standard<complex"}
SEEDS = 3
ROUNDS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traffic", type=Path, required=True)
    lines = [
        line
        for line in read_traffic(parser.parse_args().traffic)
        if isinstance(line, RecordedExchange)
    ]
    n = len(lines)
    whole = [built(lines, seed) for seed in range(SEEDS)]
    types, evidence, seconds = whole[0]
    # Of all pairs, and of as few as a deployment that samples has: one boundary each, 2,000.
    sparse_types, sparse, _ = built(lines[: n // 5], 0, one_boundary=True)
    early, _, _ = built(lines[: 6 * n // 10], 0)
    late, after, _ = built(lines[4 * n // 10 :], 0, previous=early)
    disjoint, apart, _ = built(lines[6 * n // 10 :], 0, previous=early)
    texts = [routed_text(line.messages) for line in lines]
    print(
        json.dumps(
            {
                "benchmark": "types",
                "prompts": n,
                "v": [round(evidence.v, 3) for _, evidence, _ in whole],
                "by_boundary": rounded(evidence.by_boundary),
                "methods": [rounded(evidence.methods) for _, evidence, _ in whole],
                "won": [evidence.method for _, evidence, _ in whole],
                "random": [round(evidence.random, 3) for _, evidence, _ in whole],
                "random_high": round(evidence.random_high, 3),
                "few_pairs": {
                    "v": round(sparse.v, 3),
                    "random": round(sparse.random, 3),
                    "pairs": sparse.pairs,
                    "types": len(sparse_types.names),
                },
                "types": {
                    figures.name: {"share": round(figures.prompts, 3), **rounded(figures.losses)}
                    for figures in evidence.types
                },
                "rebuild": {
                    "overlapping": rebuild(early, late, after),
                    "disjoint": rebuild(early, disjoint, apart),
                },
                "build_s": round(seconds, 1),
                "artefact_bytes": len(types.to_bytes()),
                "load_ms": round(load_ms(types), 1),
                "assign_us": assign_us(types, texts),
                "assign_200000_us": round(1e6 * timed(types, "word " * 40_000), 1),
                "limits": {"v": 0.15, "random": 0.06, "consistent": 0.8, "assign_us": 60},
            },
            indent=1,
        )
    )


def built(
    lines: list[RecordedExchange],
    seed: int,
    *,
    previous: TaskTypes | None = None,
    one_boundary: bool = False,
) -> tuple[TaskTypes, TypesEvidence, float]:
    """Types of these exchanges, the evidence, and the seconds it took."""
    losses = {}
    for place, (tier, verdict) in enumerate(BOUNDARIES.items()):
        seen = [not one_boundary or number % 2 == place for number in range(len(lines))]
        losses[tier] = [
            float(line.verdicts[verdict] == "worse") if has and verdict in line.verdicts else np.nan
            for line, has in zip(lines, seen, strict=True)
        ]
    start = time.perf_counter()
    types, evidence = build_types(
        [routed_text(line.messages) for line in lines],
        losses,
        [line.session for line in lines],
        previous=previous,
        seed=seed,
        leiden=installed_leiden(),
    )
    return types, evidence, time.perf_counter() - start


def rebuild(before: TaskTypes, now: TaskTypes, evidence: TypesEvidence) -> dict[str, Any]:
    """How much of the types before is left in those of now."""
    return {
        "consistent": round(evidence.consistent or 0.0, 3),
        "names_kept": len(set(before.names) & set(now.names)),
        "names_before": len(before.names),
        "v": round(evidence.v, 3),
        "v_of_before": round(evidence.before or 0.0, 3),
        "method": evidence.method,
    }


def assign_us(types: TaskTypes, texts: list[str]) -> dict[str, float]:
    """Median and 99th percentile over the prompts, the quickest of three rounds each."""
    best = np.min([[timed(types, text) for text in texts] for _ in range(ROUNDS)], axis=0)
    return {
        "median": round(1e6 * float(np.median(best)), 1),
        "p99": round(1e6 * float(np.quantile(best, 0.99)), 1),
    }


def timed(types: TaskTypes, text: str) -> float:
    """Seconds that assigning one prompt takes."""
    start = time.perf_counter()
    types.assign(text)
    return time.perf_counter() - start


def load_ms(types: TaskTypes) -> float:
    """Milliseconds to read an artefact."""
    artefact = types.to_bytes()
    start = time.perf_counter()
    TaskTypes.from_bytes(artefact)
    return 1e3 * (time.perf_counter() - start)


def rounded(values: Any) -> dict[str, float | None]:
    """Three decimals are what the pairs can tell."""
    return {key: None if value is None else round(value, 3) for key, value in values.items()}


if __name__ == "__main__":
    main()

"""How task types separate misroute rates, outlive a rebuild, and what assigning costs; JSON.

Run: ``python benchmarks/task_types.py --traffic FILE``, with recorded traffic in order of arrival.
Only the prompts' text is read; the file's own names of tasks are not. Bars: V on held-out pairs at
least .15, of random groups at most .06; after a rebuild at least 80 % of prompts keep the name of
their type; assigning takes at most 60 us at the median.

Offsets of types are estimated as the loop does, at several times as the classifier learns, and
measured on the pairs that come next, by the classifier as it stood.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from tierwatch.evaluation.models.chances import log_losses
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.types.build import build_types
from tierwatch.evaluation.types.grouping import installed_leiden
from tierwatch.evaluation.types.measure import measures_types
from tierwatch.evaluation.types.offset_estimates import estimate_offsets
from tierwatch.evaluation.types.prequential import offsets_in_order
from tierwatch.evaluation.types.scored_pairs import ScoredPairs
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.task_types import TaskTypes

BOUNDARIES = {"simple": "simple<standard", "standard": "standard<complex"}
SEEDS = 3
ROUNDS = 3
# Types are built of the first pairs; offsets are looked for then and later.
BUILT_OF = 1_200
LOOKS = (1_200, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 10_000)
NEXT = 600
NEWEST, FEWEST = 2_000, 400  # as in tierwatch.loop.improve.offsets


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
                "offsets": offsets(lines),
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


def offsets(lines: list[RecordedExchange]) -> dict[str, Any]:
    """By boundary, held-out log loss without offsets and with those that the loop would use."""
    types, _, _ = built(lines[:BUILT_OF], 0)
    texts = [routed_text(line.messages) for line in lines]
    kinds = [types.assign(text) for text in texts]
    found = {}
    for tier, verdict in BOUNDARIES.items():
        said = [line.verdicts[verdict] for line in lines]
        learner = LocalClassifier()
        scores: list[tuple[float, float] | None] = []
        looks = []
        for at, (text, verdict_of) in enumerate(zip(texts, said, strict=True)):
            if at in LOOKS:
                looks.append(look(lines, said, kinds, scores, learner, texts))
            scores.append(learner.log_odds(text))
            learner.learn(text, verdict_of)
        plain, typed, used = np.array(looks).T
        found[tier] = {
            "pairs_learned": LOOKS,
            "log_loss": plain.round(4).tolist(),
            "with_offsets": typed.round(4).tolist(),
            "used": used.astype(bool).tolist(),
            "mean_gain": round(float((plain - typed).mean()), 4),
        }
    return found


def look(  # noqa: PLR0917 - of this script
    lines: list[RecordedExchange],
    said: list[str],
    kinds: list[str],
    scores: list[tuple[float, float] | None],
    learner: LocalClassifier,
    texts: list[str],
) -> tuple[float, float, bool]:
    """Log loss of the next pairs without and with offsets, and whether there are any."""

    def scored(places: list[int], odds: list[Any]) -> ScoredPairs:
        verdicts, sessions = [said[at] for at in places], [lines[at].session for at in places]
        weights = [1.0] * len(places)
        return ScoredPairs(
            np.array(odds), [kinds[at] for at in places], HeldOut(verdicts, weights, sessions)
        )

    now = len(scores)
    past = [
        at
        for at in range(now)
        if scores[at] is not None and (at >= BUILT_OF or measures_types(lines[at].session))
    ][-NEWEST:]
    pairs = scored(past, [scores[at] for at in past])
    helps = len(past) >= FEWEST and offsets_in_order(pairs).helps
    begun = {line.session for line in lines[:now]}
    to_come = [at for at in range(now, now + NEXT) if lines[at].session not in begun]
    later = scored(to_come, [learner.log_odds(texts[at]) for at in to_come])
    chosen = estimate_offsets(pairs) if helps else {}
    plain, typed = (
        float(log_losses(later.chances(one), later.held_out.verdicts).mean())
        for one in ({}, chosen)
    )
    return plain, typed, bool(chosen)


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

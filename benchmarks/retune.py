"""How long `choose_threshold` takes on 1,000,000 pairs; prints JSON.

Run: ``python benchmarks/retune.py``. Must be at most 0.5 s on one core of a 2-core machine; the
ratio to ``np.sort`` of the same two columns, in the same run, travels between machines.
"""

import json
import time
from collections.abc import Callable

import numpy as np

from tierwatch.evaluation.thresholds.choice import choose_threshold

PAIRS = 1_000_000
REPEATS = 5
LIMIT_S = 0.5


def best_seconds(work: Callable[[], object]) -> float:
    """The shortest of a few runs: the others measure the neighbours."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(20_261_123)
    confidences = rng.beta(2.5, 1.5, PAIRS)
    losses = (rng.random(PAIRS) < 0.002 + 0.55 * (1 - confidences) ** 2.2).astype(float)
    weights = np.where(np.abs(confidences - 0.5) <= 0.15, 1 / 3, 1.0)
    sort_s = best_seconds(lambda: (np.sort(confidences), np.sort(losses)))
    results = {}
    for name, column in (("uniform", None), ("weighted", weights)):

        def choose(column: np.ndarray | None = column) -> object:
            return choose_threshold(
                confidences, losses, column, alpha=0.05, delta=0.05, current=0.5, step=0.1
            )

        seconds = best_seconds(choose)
        results[name] = {
            "seconds": round(seconds, 4),
            "times_np_sort": round(seconds / sort_s, 2),
            "within_limit": seconds <= LIMIT_S,
        }
    print(
        json.dumps(
            {
                "benchmark": "retune",
                "pairs": PAIRS,
                "np_sort_seconds": round(sort_s, 4),
                "limit_seconds": LIMIT_S,
                **results,
            }
        )
    )


if __name__ == "__main__":
    main()

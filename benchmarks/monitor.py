"""What one `MisrouteMonitor` update costs; prints JSON.

Run: ``python benchmarks/monitor.py``. Must be at most 5 us an update, and at most 256 bytes of
numbers a stream.
"""

import json
import time

import numpy as np

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor

UPDATES = 300_000
LIMIT_US = 5.0
DOUBLE_BYTES = 8


def main() -> None:
    """Measure and print."""
    losses = (np.random.default_rng(1).random(UPDATES) < 0.05).astype(float).tolist()
    shortest = float("inf")
    for _ in range(5):
        monitor = MisrouteMonitor(tolerance=0.05)
        start = time.perf_counter()
        for loss in losses:
            monitor.update(loss, 0.5)
        shortest = min(shortest, time.perf_counter() - start)
    numbers = sum(
        len(value) if isinstance(value, list) else 1 for value in monitor.state().values()
    )
    update_us = shortest / UPDATES * 1e6
    print(
        json.dumps(
            {
                "benchmark": "monitor",
                "update_us": round(update_us, 3),
                "limit_us": LIMIT_US,
                "within_limit": update_us <= LIMIT_US,
                "state_bytes": numbers * DOUBLE_BYTES,
            }
        )
    )


if __name__ == "__main__":
    main()

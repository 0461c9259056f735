"""What other alarms do on a stream without change."""

import numpy as np

from tierwatch.evaluation.simulation.misroute_streams import TOLERANCE, WINDOW, Floats


def competitors(seed: int, *, runs: int, pairs: int) -> dict[str, int]:
    """False alarms on a null stream of 5 % that is checked as each of these methods is used.

    Daily z-test: after every 100 pairs, all pairs so far against the tolerance at 5 %. Rolling
    Wilson: the lower end of a 95 % interval of the last 500 pairs above the tolerance, after every
    100. Chunks: a chunk of 500 more than three standard deviations (binomial) above the tolerance.
    """
    rng = np.random.default_rng(seed)
    found = dict.fromkeys(("daily z-test", "rolling Wilson interval", "3-sigma chunks"), 0)
    for _ in range(runs):
        losses = rng.random(pairs) < TOLERANCE
        total = np.concatenate([[0], np.cumsum(losses)])
        n = np.arange(100, pairs + 1, 100)
        deviation = np.sqrt(TOLERANCE * (1 - TOLERANCE) / n)
        found["daily z-test"] += bool(((total[n] / n - TOLERANCE) > 1.645 * deviation).any())
        ends = n[n >= WINDOW]
        rolling = (total[ends] - total[ends - WINDOW]) / WINDOW
        low = _wilson_low(rolling, WINDOW)
        found["rolling Wilson interval"] += bool((low > TOLERANCE).any())
        chunks = rolling[::5]
        limit = TOLERANCE + 3 * np.sqrt(TOLERANCE * (1 - TOLERANCE) / WINDOW)
        found["3-sigma chunks"] += bool((chunks > limit).any())
    return found


def _wilson_low(share: Floats, n: int) -> Floats:
    z2 = 1.96**2
    half = 1.96 * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return np.asarray((share + z2 / (2 * n) - half) / (1 + z2 / n))

"""What a decision of the local classifier costs: time, a fresh process, bytes.

A decision is `Router.route` with a trained `LocalClassifier` at the one boundary of two tiers: from
messages to tier. Times are of the thread's own work, so that waiting for a core that others hold
does not count; the wall clock's are beside them. Of several rounds the quietest counts.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import tierwatch
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

ROUNDS = 5
HUGE = 200_000
HUGE_CALLS = 500
PROCESSES = 11
NAMES = ("weak", "strong")

# Everything between an interpreter that runs and a decision: imports, the artefact, the router.
_FIRST = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier
tiers = tuple(Tier(name, name, "", Price(1, 1)) for name in ("weak", "strong"))
classifier = LocalTierClassifier(("weak", "strong"), {"weak": LocalClassifier.load(sys.argv[1])})
router = Router(tiers, classifier, ActivePolicies(Policy(1, {"weak": 0.7})), "strong")
router.route([{"role": "user", "content": "Prove that there are infinitely many primes."}])
took = 1_000 * (time.perf_counter() - start)
new = {name.partition(".")[0] for name in sys.modules.keys() - before}
print(json.dumps([took, sorted(new - sys.stdlib_module_names - {"tierwatch"})]))
"""


class Times(NamedTuple):
    """Microseconds of a call: of the thread's work, and on the wall clock."""

    median_us: float
    p99_us: float
    wall_median_us: float
    wall_p99_us: float


class Fresh(NamedTuple):
    """What a process that has just started pays for its first decision.

    Attributes:
        first_decision_ms: imports, reading the artefact and one decision; median.
        modules: top-level modules imported that are neither ours nor the standard library's.
        artefact_bytes: size of the trained classifier's file.
    """

    first_decision_ms: float
    modules: list[str]
    artefact_bytes: int


def timed(act: Callable[[str], object], texts: Sequence[str], rounds: int = ROUNDS) -> Times:
    """Median and 99th percentile over the texts, in the quietest round."""
    for text in texts[:200]:
        act(text)
    return min((_round(act, texts) for _ in range(rounds)), key=lambda one: one.p99_us)


def _round(act: Callable[[str], object], texts: Sequence[str]) -> Times:
    worked, waited = [], []
    for text in texts:
        wall, start = time.perf_counter_ns(), time.thread_time_ns()
        act(text)
        worked.append((time.thread_time_ns() - start) / 1_000)
        waited.append((time.perf_counter_ns() - wall) / 1_000)
    return Times(*_summary(worked), *_summary(waited))


def _summary(times_us: Sequence[float]) -> tuple[float, float]:
    return statistics.median(times_us), statistics.quantiles(times_us, n=100)[98]


def decider(classifier: LocalClassifier, types: TaskTypes | None = None) -> Callable[[str], object]:
    """Routes a prompt between two tiers, and names its task type where there are types."""
    tiers = tuple(Tier(name, name, "", Price(1, 1)) for name in NAMES)
    policies = ActivePolicies(Policy(1, {NAMES[0]: 0.7}))
    scored = LocalTierClassifier(NAMES, {NAMES[0]: classifier})
    router = Router(tiers, scored, policies, NAMES[1], types=types)
    return lambda text: router.route([{"role": "user", "content": text}])


def huge_prompts(texts: Sequence[str]) -> list[str]:
    """Prompts of 200,000 characters, made of these."""
    joined = "\n\n".join(texts)[: HUGE + 50 * HUGE_CALLS]
    return [joined[50 * call : 50 * call + HUGE] for call in range(HUGE_CALLS)]


def fresh_process(classifier: LocalClassifier) -> Fresh:
    """Start processes that load the classifier's artefact and decide once."""
    with tempfile.TemporaryDirectory() as folder:
        artefact = Path(folder) / "weak.model"
        classifier.save(artefact)
        environ = {**os.environ, "PYTHONPATH": str(Path(tierwatch.__path__[0]).parent)}
        runs = []
        for _ in range(PROCESSES):
            done = subprocess.run(
                [sys.executable, "-c", _FIRST, str(artefact)],
                env=environ,
                check=True,
                capture_output=True,
            )
            runs.append(json.loads(done.stdout))
        modules = sorted({name for _, names in runs for name in names})
        return Fresh(statistics.median(ms for ms, _ in runs), modules, artefact.stat().st_size)

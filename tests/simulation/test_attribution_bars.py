"""How often an attribution blames the wrong cause: its confusion table (a minute on one core)."""

import logging
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.findings import Attribution
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips, ProbeFlips
from tierwatch.evaluation.attribution.interval import paired_difference

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

RUNS = 1_000
# Two task types by five bins of confidence; true rates from 1 to 25 %, 5.7 % over this traffic.
RATES = np.array([0.01, 0.02, 0.04, 0.08, 0.15, 0.02, 0.03, 0.06, 0.12, 0.25])
SHARES = np.array([0.20, 0.16, 0.10, 0.06, 0.03, 0.18, 0.12, 0.08, 0.05, 0.02])
# Traffic that moved to what was bad already: 10.4 %.
HARDER = np.array([0.08, 0.08, 0.08, 0.10, 0.10, 0.10, 0.10, 0.12, 0.14, 0.10])


@dataclass(frozen=True)
class World:
    """Two windows: true shares, rates and judge errors; how many anchors and probes were asked.

    At each asking, chance turns the verdict of ``noise`` of the anchors, as many either way.
    """

    pairs: int = 3_000
    shares: tuple[np.ndarray, np.ndarray] = (SHARES, SHARES)
    rates: tuple[np.ndarray, np.ndarray] = (RATES, RATES)
    sensitivity: tuple[float, float] = (0.8, 0.8)
    false_alarms: tuple[float, float] = (0.02, 0.02)
    anchors: int = 2_000
    noise: float = 0.005
    probes_lost: float = 0.0


def flips(
    rng: np.random.Generator, n: int, worse: tuple[float, float], noise: float
) -> AnchorFlips:
    """An anchor is judged worse or not by its own u; asking turns ``noise`` of all, each way."""
    u = rng.random(n)
    then, now = (
        (u < share) ^ (rng.random(n) < np.where(u < share, noise / share, noise / (1 - share)))
        for share in worse
    )
    return AnchorFlips(n, int(then.sum()), int((now & ~then).sum()), int((then & ~now).sum()))


def window(rng: np.random.Generator, world: World, t: int) -> dict[str, Cell]:
    """Half of the pairs were sampled half as often, whatever their loss."""
    place = rng.choice(SHARES.size, size=world.pairs, p=world.shares[t] / world.shares[t].sum())
    worse = rng.random(world.pairs) < world.rates[t][place]
    judged = rng.random(world.pairs) < np.where(worse, world.sensitivity[t], world.false_alarms[t])
    weights = rng.choice([1.0, 2.0], size=world.pairs)
    return {
        f"cell {i}": Cell.of(judged[place == i], weights[place == i]) for i in range(SHARES.size)
    }


def attribution(rng: np.random.Generator, world: World) -> Attribution:
    anchors = None
    if world.anchors:
        anchors = AnchorEvidence(
            worse=flips(rng, world.anchors // 3, world.sensitivity, world.noise),
            not_worse=flips(
                rng, world.anchors - world.anchors // 3, world.false_alarms, world.noise
            ),
        )
    tables = []
    for lost in (world.probes_lost, 0.0, 0.0):
        steady = rng.binomial(120, 0.02, size=2)
        tables.append(ProbeFlips(120, int(steady[0] + rng.binomial(100, lost)), int(steady[1])))
    return attribute(
        window(rng, world, 0),
        window(rng, world, 1),
        anchors=anchors,
        probes=tables[0],
        other_probes={"standard": tables[1], "complex": tables[2]},
    )


NOTHING = World()
# The judged rate: 6.4 % before. Each pure cause adds about 4 points.
MIX = replace(NOTHING, shares=(SHARES, HARDER))
QUALITY = replace(NOTHING, rates=(RATES, np.minimum(1, RATES * 2)))
JUDGE = replace(NOTHING, false_alarms=(0.02, 0.06))
MODEL = replace(QUALITY, probes_lost=0.12)

SCENARIOS: dict[str, tuple[World, set[str], float]] = {
    # name: the world, causes that are right, least share of runs that must name one of them
    "nothing changed": (NOTHING, set(), 0.0),
    "nothing changed, 300 anchors": (replace(NOTHING, anchors=300), set(), 0.0),
    "mix": (MIX, {"mix"}, 0.8),
    "mix, no anchors": (replace(MIX, anchors=0), {"mix"}, 0.8),
    "quality": (QUALITY, {"quality"}, 0.6),
    "quality, 300 anchors": (replace(QUALITY, anchors=300), {"quality"}, 0.0),
    "quality, no anchors": (replace(QUALITY, anchors=0), {"quality"}, 0.0),
    "quality, 10,000 pairs": (replace(QUALITY, pairs=10_000), {"quality"}, 0.9),
    "judge": (JUDGE, {"judge"}, 0.6),
    "judge, 10,000 pairs": (replace(JUDGE, pairs=10_000), {"judge"}, 0.8),
    "judge finds more": (
        replace(JUDGE, false_alarms=(0.02, 0.02), sensitivity=(0.5, 0.95), pairs=10_000),
        {"judge"},
        0.0,
    ),
    "judge drifts a little, 300 anchors": (
        replace(JUDGE, false_alarms=(0.02, 0.04), anchors=300, pairs=10_000),
        {"judge"},
        0.0,
    ),
    "judge, no anchors": (replace(JUDGE, anchors=0, pairs=10_000), {"judge"}, 0.0),
    "model": (MODEL, {"model", "quality"}, 0.6),
    "model, no anchors": (replace(MODEL, anchors=0), {"model"}, 0.5),
    # No part makes up half: each name is wrong but undetermined.
    "a third each": (
        replace(
            NOTHING,
            shares=(SHARES, SHARES + 0.45 * (HARDER - SHARES)),
            rates=(RATES, RATES * 1.38),
            false_alarms=(0.02, 0.04),
            pairs=10_000,
        ),
        set(),
        0.0,
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_wrong_cause_is_rare(name: str) -> None:
    world, right, least = SCENARIOS[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    found = Counter(attribution(rng, world).cause for _ in range(RUNS))
    measured.info(
        "%-36s mix %4d quality %4d judge %4d model %4d undetermined %4d of %d",
        name,
        *(found[cause] for cause in ("mix", "quality", "judge", "model", "undetermined")),
        RUNS,
    )
    wrong = sum(found[cause] for cause in found if cause not in {*right, "undetermined"})
    assert wrong <= 0.05 * RUNS
    assert sum(found[cause] for cause in right) >= least * RUNS


@pytest.mark.parametrize("world", [NOTHING, MIX, QUALITY, replace(NOTHING, pairs=400)])
def test_the_parts_intervals_cover(world: World) -> None:
    judged = [
        s * r + f * (1 - r)
        for s, r, f in zip(world.sensitivity, world.rates, world.false_alarms, strict=True)
    ]
    s0, s1 = (shares / shares.sum() for shares in world.shares)
    truth = {
        "mix": (s1 - s0) @ (judged[0] + judged[1]) / 2,
        "within": (judged[1] - judged[0]) @ (s0 + s1) / 2,
        "change": s1 @ judged[1] - s0 @ judged[0],
        "judge": 0.0,
    }
    rng = np.random.default_rng(7)
    covered: Counter[str] = Counter()
    for _ in range(2 * RUNS):
        parts = attribution(rng, world).parts
        for name, value in truth.items():
            part = getattr(parts, name)
            covered[name] += bool(part.low <= value <= part.high)
    measured.info("parts covered, of %d: %s", 2 * RUNS, dict(covered))
    assert min(covered.values()) >= 0.93 * 2 * RUNS


@pytest.mark.parametrize(("n", "up", "down"), [(100, 0.03, 0.03), (300, 0.02, 0.0), (30, 0.2, 0.1)])
def test_paired_differences_cover(n: int, up: float, down: float) -> None:
    draws = np.random.default_rng(n).multinomial(n, [up, down, 1 - up - down], size=2_000)
    tables, counts = np.unique(draws[:, :2], axis=0, return_counts=True)
    covered = 0
    for (b, c), count in zip(tables.tolist(), counts.tolist(), strict=True):
        _, low, high = paired_difference(b, c, n, 0.95)
        covered += count * (low <= up - down <= high)
    measured.info("paired difference, n %d, up %.2f, down %.2f: %.3f", n, up, down, covered / 2_000)
    assert covered >= 0.93 * 2_000

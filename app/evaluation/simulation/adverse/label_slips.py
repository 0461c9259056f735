"""People who slip: what the intervals of corrected rates hold when labels are sometimes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.calibration.kappa import Verdict
from tierwatch.evaluation.calibration.reviewers import Label, TwoLabels, leaning, slips_of
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, share_row
from tierwatch.evaluation.simulation.judged_rates import TRUTH, Judged, judged_pairs

# 95 % with the Monte Carlo slack of 200 runs.
_COVERS = 0.92
Way = Literal["either side", "each other word", "where the judge accuses", "tie", "one always tie"]
_PEOPLE = ("ada", "bob")
# What a person sees in pairs whose answer is not worse: as often better as it is in ours.
_BETTER = 0.06


@dataclass(frozen=True, slots=True)
class Slipping:
    """People who label.

    Attributes:
        way: how they slip: *either side*, worse or not alike; to *each other word* with half the
            chance; three times as often *where the judge accuses*; to *tie* only; *one always tie*
            says it of all pairs and slips to either side otherwise.
        chance: of a slip.
        labels: pairs that have one, of 800 more.
        twice: of these, pairs that another person labelled too.
        promised: whether the interval is to hold.
    """

    way: Way
    chance: float
    labels: int = 200
    twice: int = 20
    promised: bool = True


CELLS = (
    Slipping("either side", 0.02),
    Slipping("either side", 0.05),
    Slipping("either side", 0.10),
    Slipping("either side", 0.03, 1_000, 100),
    Slipping("each other word", 0.05),
    Slipping("each other word", 0.05, 1_000, 100),
    Slipping("where the judge accuses", 0.03),
    Slipping("tie", 0.10, 1_000, 100, promised=False),
    Slipping("one always tie", 0.02, 400, 40, promised=False),
)


@dataclass(frozen=True, slots=True)
class Held:
    """Of some runs: intervals that held the rate, with slips taken off and with labels as truth.

    ``withheld`` runs have no corrected rate, since reviewers lean; they count as held.
    """

    corrected: int
    as_truth: int
    withheld: int
    too_low: int


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """Coverage of corrected rates, by how people slip."""
    runs = effort.of(200, least=4)
    for cell in CELLS:
        held = coverage(seed, cell, runs=runs)
        withheld = f", withheld {held.withheld / runs:.0%}" if held.withheld else ""
        low = f", too low {held.too_low / runs:.0%}" if held.too_low else ""
        yield share_row(
            "V6",
            f"{cell.labels} labels, slips of {cell.chance:.0%} to {_in_words(cell.way)},"
            f" {cell.twice} second labels",
            "intervals that hold the rate",
            held.corrected,
            runs,
            limit=_COVERS,
            at_least=True,
            others=f"labels as truth {held.as_truth / runs:.0%}{withheld}{low}",
            promised=cell.promised,
        )


def coverage(seed: int, cell: Slipping, *, runs: int) -> Held:
    """Pairs of recipe C1, labelled so; ours and the interval that takes labels to be right."""
    rng = np.random.default_rng([seed, round(1_000 * cell.chance), cell.labels, len(cell.way)])
    corrected = as_truth = withheld = too_low = 0
    for run in range(runs):
        drawn = judged_pairs(rng, 800 + cell.labels)
        first, twice = _labelled(rng, drawn, cell)
        labels = np.full(drawn.stratum.size, np.nan)
        labels[: cell.labels] = [label.said == "worse" for label in first]
        plain = estimate_rate(drawn.flagged, None, drawn.stratum, labels, seed=run)
        as_truth += plain.low <= TRUTH <= plain.high
        if leaning(first, twice):
            withheld += 1
            corrected += 1
            continue
        ours = estimate_rate(
            drawn.flagged, None, drawn.stratum, labels, slips=slips_of(twice), seed=run
        )
        corrected += ours.low <= TRUTH <= ours.high
        too_low += ours.high < TRUTH
    return Held(corrected, as_truth, withheld, too_low)


def _labelled(
    rng: np.random.Generator, drawn: Judged, cell: Slipping
) -> tuple[list[Label], list[TwoLabels]]:
    """First labels, whoever's turn it was, and the pairs that the other one labelled as well."""
    n = cell.labels
    better = rng.random(n) < _BETTER
    turn = rng.integers(2, size=n)
    own, others = _said(rng, drawn, better, turn, cell), _said(rng, drawn, better, 1 - turn, cell)
    first = [Label(_PEOPLE[who], said) for who, said in zip(turn, own, strict=True)]
    second = [Label(_PEOPLE[1 - who], said) for who, said in zip(turn, others, strict=True)]
    both = zip(first[: cell.twice], second[: cell.twice], strict=True)
    return first, [TwoLabels(one, two) for one, two in both]


def _said(
    rng: np.random.Generator,
    drawn: Judged,
    better: NDArray[np.bool_],
    who: NDArray[np.int64],
    cell: Slipping,
) -> list[Verdict]:
    """What these people say of the labelled pairs."""
    n = better.size
    bad, flagged = drawn.bad[:n], drawn.flagged[:n]
    if cell.way == "each other word":
        worse = bad ^ (rng.random(n) < np.where(bad, cell.chance, cell.chance / 2))
    elif cell.way == "where the judge accuses":
        worse = bad ^ (rng.random(n) < np.where(flagged, 3 * cell.chance, cell.chance))
    elif cell.way == "tie":
        worse = bad & (rng.random(n) >= cell.chance)
    else:
        worse = bad ^ (rng.random(n) < cell.chance)
    tie = np.full(n, cell.way == "one always tie") & (who == 1)
    words: list[Verdict] = []
    for is_worse, is_better, always in zip(worse, better, tie, strict=True):
        words.append("tie" if always else "worse" if is_worse else "better" if is_better else "tie")
    return words


def _in_words(way: Way) -> str:
    return {
        "either side": "either side",
        "each other word": "each other word with half of it",
        "where the judge accuses": "either side, three times as often where the judge accuses",
        "tie": "a tie only",
        "one always tie": "either side, and one of two people always says tie",
    }[way]

"""People's verdicts as labels, GPT-3.5 as judge: does the corrected interval cover people's rate?

Real pairs of chat models' answers (LLMFAO); each resample of 1,000 pairs carries 200 labels.
"""

import gzip
import json
import logging
from pathlib import Path

import numpy as np
import pytest

from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.double_sampling import estimate_rate

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

PAIRS = Path(__file__).parents[3] / "shared" / "data" / "pairs_llmfao_dev.jsonl.gz"


@pytest.fixture(scope="module")
def verdicts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each pair that people and judge compared: task, people's verdict, judge's verdict.

    -1: A is better, 0: tie, 1: B is better. People's is the majority of the crowd. The file has the
    judge's verdict in one order only, so there is no disagreement between orders to make a tie of.
    """
    if not PAIRS.exists():
        pytest.skip(f"needs the recorded pairs at {PAIRS}")
    task: dict[str, str] = {}
    human: dict[str, int] = {}
    judge: dict[str, int] = {}
    with gzip.open(PAIRS, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            source = row["verdict_source"]
            if source.startswith("human"):
                human[row["id"].removesuffix("-human")] = row["verdict"]
                task[row["id"].removesuffix("-human")] = row["task"]
            elif source == "judge:gpt-3.5":
                judge[row["id"].removesuffix("-gpt-3.5")] = row["verdict"]
    both = sorted(human.keys() & judge.keys())
    return (
        np.array([task[pair] for pair in both]),
        np.array([human[pair] for pair in both]),
        np.array([judge[pair] for pair in both]),
    )


@pytest.mark.parametrize(("worse", "better_is"), [("A", 1), ("B", -1)])
def test_labels_correct_a_real_judge(
    verdicts: tuple[np.ndarray, np.ndarray, np.ndarray], worse: str, better_is: int
) -> None:
    """A loss is "A is worse than B", and the other way round; a tie is none.

    Resampled with replacement, so that each pair is an independent draw from the file; labels on
    the first 200, as drawn; strata are the four tasks. 2,000 resamples, for among 500 the share
    that covers is uncertain by two points.
    """
    task, human, judge = verdicts
    assert human.size > 1_500
    bad, flagged = human == better_is, judge == better_is
    truth = bad.mean()
    rng = np.random.default_rng(500)
    runs, corrected, raw, widths = 2_000, 0, 0, 0.0
    for run in range(runs):
        drawn = rng.integers(human.size, size=1_000)
        labels = np.full(drawn.size, np.nan)
        labels[:200] = bad[drawn[:200]]
        estimate = estimate_rate(flagged[drawn], None, task[drawn].tolist(), labels, seed=run)
        corrected += estimate.low <= truth <= estimate.high
        widths += (estimate.high - estimate.low) / runs
        low, high = clopper_pearson(int(flagged[drawn].sum()), drawn.size)
        raw += low <= truth <= high
    measured.info(
        "people: %s worse in %.3f of %d pairs, the judge says %.3f; of %d resamples the corrected"
        " interval covers %.3f (width %.3f), the judge's own %.3f",
        *(worse, truth, human.size, flagged.mean(), runs, corrected / runs, widths, raw / runs),
    )
    assert corrected >= 0.94 * runs
    assert raw < 0.5 * runs

"""Reduced bars of the local classifier, by `benchmarks/router.py` itself, and its arithmetic."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
DATA = BENCHMARKS.parent.parent / "shared" / "data"


@pytest.fixture(scope="module")
def routellm() -> ModuleType:
    spec = importlib.util.spec_from_file_location("routellm", BENCHMARKS / "routellm.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["routellm"] = module  # where dataclasses look for their module
    spec.loader.exec_module(module)
    return module


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "router.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the recorded data in ../shared/data")
def test_two_heads_keep_their_bar_on_1500_pairs() -> None:
    # The first two folds give .610; all twenty of the full run .646, with a standard deviation of
    # .028. Nothing here is random: another figure is another classifier.
    done = run("--data", str(DATA), "--settings", "mmlu_1500", "--seeds", "1", "--folds", "2",
               "--no-cost")  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    (row,) = result["rows"]
    assert row["pairs"] == 1_500
    assert row["two_heads"]["apgr"] >= 0.60
    for rival in ("one_head", "cheap_wrong", "length"):
        assert row["two_heads"]["apgr"] > row[rival]["apgr"], rival
    assert abs(row["online_minus_batch"]["mean"]) < 0.02
    assert row["calibration"]["per_fold"] < 2 * row["calibration"]["per_fold_floor"]
    assert {line["bar"] for line in result["bars"]} == {"B1", "B8"}


def test_without_the_data_it_says_so_and_ends(tmp_path: Path) -> None:
    done = run("--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert f"no {tmp_path}/routellm_mmlu_dev.jsonl.gz; --data names the folder" in done.stderr


@pytest.mark.parametrize("odd", [("--folds", "6"), ("--seeds", "0"), ("--processes", "0")])
def test_odd_numbers_are_refused(odd: tuple[str, str]) -> None:
    done = run(*odd)
    assert done.returncode == 2
    assert "accepted: 1 seed or more, 1 to 5 folds, 1 process or more" in done.stderr


def test_a_perfect_order_recovers_three_quarters_and_its_reverse_the_rest(
    routellm: ModuleType,
) -> None:
    # Half of the prompts gain: 10 % of calls recover 20 % of the gap, ..., 50 % recover all.
    # Area: a triangle .5 * .5 * 1 and a rectangle .5 * 1 = .75; 80 % at 40 % of calls.
    weak, strong = np.zeros(1_000), np.repeat([0.0, 1.0], 500)
    best = routellm.recovered_gap(np.arange(1_000.0), weak, strong)
    worst = routellm.recovered_gap(-np.arange(1_000.0), weak, strong)
    assert best == pytest.approx((0.75, 40.0), abs=1e-9)
    assert worst == pytest.approx((0.25, 90.0), abs=1e-9)


def test_one_score_for_all_recovers_half(routellm: ModuleType) -> None:
    # All or none go to the strong model: the line from (0, 0) to (1, 1).
    found = routellm.recovered_gap(np.ones(50), np.zeros(50), np.ones(50))
    assert found == pytest.approx((0.5, 80.0), abs=1e-9)


def test_a_harmful_strong_answer_counts_against_the_order(routellm: ModuleType) -> None:
    # Ten prompts: one loses 1 by going up, three gain 1; gap (3 - 1) / 10.
    weak = np.array([1.0] + [0.0] * 9)
    strong = np.array([0.0] * 7 + [1.0] * 3)
    best = routellm.recovered_gap(np.arange(10.0), weak, strong)
    # Recovered at 0, 10, ... %: 0, .5, 1, 1.5 up to 90 %, then 1: trapezoids of .1 make
    # .1 * (0/2 + .5 + 1 + 7 * 1.5 + 1/2) = 1.25.
    assert best.apgr == pytest.approx(1.25)
    assert best.cpt80 == pytest.approx(16.0)


def test_folds_part_the_texts_and_never_share_one(routellm: ModuleType) -> None:
    texts = tuple(f"prompt {number % 90}" for number in range(100))
    ids = np.array([number % 90 for number in range(100)])
    questions = routellm.Questions(texts, ids, np.zeros(100), np.ones(100))
    folds = list(routellm.folds(questions, seed=3))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(100))
    for fold in folds:
        assert sorted([*fold.pool, *fold.test]) == list(range(100))
        assert not {texts[at] for at in fold.pool} & {texts[at] for at in fold.test}
    assert set(folds[0].draw(10)) < set(folds[0].pool)
    assert list(folds[0].draw(10)) == list(folds[0].draw(10))
    assert len(folds[0].draw(1_000)) == len(folds[0].pool)


def test_the_calibration_error_sees_a_shift_and_its_floor_does_not(routellm: ModuleType) -> None:
    chance = np.random.default_rng(1)
    chances = chance.random(30_000)
    truths = (chance.random(30_000) < chances).astype(float)
    floor = routellm.calibration_floor(chances)
    # In a bin of n = 2,000 the mean has sd sqrt(p (1 - p) / n) of at most .011; its mean distance
    # is sqrt(2 / pi) of that, over bins .0070.
    assert floor == pytest.approx(0.0070, abs=0.0015)
    assert routellm.calibration_error(chances, truths) == pytest.approx(floor, abs=0.004)
    assert routellm.calibration_error(chances * 0.8, truths) == pytest.approx(0.1, abs=0.01)

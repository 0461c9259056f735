"""What is sampled and proposed."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, told


def test_off_is_a_mode_although_yaml_reads_it_as_false(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + "evaluation: {retune: {mode: off, alpha: 0.02}}\n")
    assert config.evaluation.retune.mode == "off"
    assert config.evaluation.retune.alpha == 0.02


PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "sample_rate: 0.05",
        "sample_rate: 5",
        (
            "12: evaluation.sample_rate: found 5; accepted a number"
            " from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "sample_rate: 0.05",
        "sample_rate: yes",
        (
            "12: evaluation.sample_rate: found true; accepted a"
            " number from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "sample_rate: 0.05",
        "sample_rate: [1]",
        (
            "12: evaluation.sample_rate: found a list; accepted a"
            " number from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "budget_usd_per_day: 25",
        "budget_usd_per_day: -1",
        ("13: evaluation.budget_usd_per_day: found -1; accepted a number of 0 or more"),
    ),
    (
        "alert_level: 1.0e7",
        "alert_level: 1",
        ("17: evaluation.alert_level: found 1; accepted a number above 1, up to 1e100"),
    ),
    (
        "min_pairs: 200",
        "min_pairs: 2.5",
        (
            "16: evaluation.retune.min_pairs: found 2.5; accepted a"
            " whole number from 1 to 1,000,000,000"
        ),
    ),
    (
        "alpha: tolerance",
        "alpha: 3",
        (
            "16: evaluation.retune.alpha: found 3; accepted tolerance, or"
            " a number above 0 and below 1"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_evaluation(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]

"""The thresholds of the first policy."""

import re
from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems, told


def test_per_tier_and_per_task_thresholds_and_the_default_for_the_rest(tmp_path: Path) -> None:
    fallback = "fallback: {threshold: {simple: 80 %}, by_task: {code: 0.9, law: {standard: 0.5}}}"
    text = re.sub("fallback: .*", fallback, ARTICLE)
    policy = load(tmp_path, text).initial_policy
    assert policy.thresholds == {"simple": 0.8, "standard": 0.7}
    assert policy.by_task == {"code": {"simple": 0.9, "standard": 0.9}, "law": {"standard": 0.5}}
    (problem,) = problems(tmp_path, text.replace("code", "all"))
    assert "routing.fallback.by_task.all: found the name of every task type" in problem


PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "< 0.7",
        "< 1.7",
        (
            "7: routing.fallback.threshold: found 'Confidence < 1.7'; accepted a number"
            " from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "threshold: Confidence < 0.7",
        "threshold: {simple: 7}",
        (
            "7: routing.fallback.threshold: found"
            " a mapping; accepted tier: a number from 0 to 1, for each tier but the top one"
        ),
    ),
    (
        "threshold: Confidence < 0.7",
        "threshold: {complex: 0.7}",
        (
            "7: routing.fallback.threshold"
            ".complex: found no tier that has a threshold; accepted simple, standard"
        ),
    ),
    (
        "strategy: escalate",
        "strategy: retry",
        ("7: routing.fallback.strategy: found 'retry'; accepted 'escalate'"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_threshold(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]

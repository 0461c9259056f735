"""The thresholds of the first policy."""

import re
from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems, told

from tierwatch.routing.config.fallback import DEFAULT_THRESHOLD
from tierwatch.routing.policy import Policy


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


def first(folder: Path, fallback: str) -> Policy:
    return load(folder, re.sub("fallback: .*", f"fallback: {fallback}", ARTICLE)).initial_policy


def test_without_the_section_every_threshold_is_the_default(tmp_path: Path) -> None:
    policy = load(tmp_path, re.sub("  fallback: .*\n", "", ARTICLE)).initial_policy
    assert policy == Policy(1, {"simple": 0.7, "standard": 0.7})
    assert DEFAULT_THRESHOLD == 0.7


@pytest.mark.parametrize(
    ("written", "threshold"),
    [("0", 0.0), ("1", 1.0), ("70 %", 0.7), ("Confidence < 0.55", 0.55), ("'.5'", 0.5)],
)
def test_thresholds_are_written_as_shares(tmp_path: Path, written: str, threshold: float) -> None:
    policy = first(tmp_path, f"{{threshold: {written}}}")
    assert policy.thresholds == {"simple": threshold, "standard": threshold}


def test_a_task_without_a_threshold_at_a_tier_has_the_tiers(tmp_path: Path) -> None:
    policy = first(tmp_path, "{threshold: 0.6, by_task: {code: {simple: 0.9}}}")
    assert policy.threshold("simple", "code") == 0.9
    assert policy.threshold("standard", "code") == 0.6
    assert policy.threshold("simple", "law") == 0.6


@pytest.mark.parametrize("name", ["all", "''"])
def test_a_task_type_may_not_have_the_name_of_every_type(tmp_path: Path, name: str) -> None:
    text = re.sub("fallback: .*", f"fallback: {{by_task: {{{name}: 0.9}}}}", ARTICLE)
    (problem,) = problems(tmp_path, text)
    assert problem.endswith("found the name of every task type; accepted one task type")


def test_every_threshold_of_a_tier_that_has_none_is_named(tmp_path: Path) -> None:
    fallback = "{threshold: {huge: 1}, by_task: {code: {complex: 1, tiny: 1}}}"
    text = re.sub("fallback: .*", f"fallback: {fallback}", ARTICLE)
    keys = {problem.split(": ")[1] for problem in problems(tmp_path, text)}
    assert keys == {
        "routing.fallback.threshold.huge",
        "routing.fallback.by_task.code.complex",
        "routing.fallback.by_task.code.tiny",
    }

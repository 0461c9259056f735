"""How much may be lost: tolerances, or an objective."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems, told


@pytest.mark.parametrize(
    ("written", "tolerance"),
    [
        ("tolerance: 0.1", {"simple": 0.1, "standard": 0.1}),
        ("tolerance: 10 %", {"simple": 0.1, "standard": 0.1}),
        ("tolerance: {standard: 0.2}", {"simple": 0.05, "standard": 0.2}),
        ("objective: {quality: 0.95}", {"simple": 0.05, "standard": 0.05}),
        ("objective: {quality: 90 %}", {"simple": 0.1, "standard": 0.1}),
    ],
)
def test_a_tolerance_for_each_tier_but_the_top(
    tmp_path: Path, written: str, tolerance: dict[str, float]
) -> None:
    config = load(tmp_path, ARTICLE + f"evaluation: {{{written}}}\n")
    assert config.evaluation.tolerance == tolerance


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (
            "retune: {alpha: 0.02}",
            "retune.alpha: found 0.02; accepted tolerance, with evaluation.objective",
        ),
        (
            "retune: {judge_errors: correct}",
            "retune.judge_errors: found correct; accepted ignore, with evaluation.objective",
        ),
        (
            "probe_down_rate: 0",
            (
                "probe_down_rate: found 0, by which nobody sees what a tier would make of requests"
                " it does not keep; accepted above 0, or left out, with evaluation.objective"
            ),
        ),
    ],
)
def test_what_means_nothing_beside_an_objective_is_refused(
    tmp_path: Path, beside: str, said: str
) -> None:
    written = f"evaluation: {{objective: {{quality: 0.95}}, {beside}}}\n"
    (problem,) = problems(tmp_path, ARTICLE + written)
    assert said in problem


def test_nothing_is_probed_downwards_where_tolerances_are_asked_for(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + "evaluation: {tolerance: 0.05, probe_down_rate: 0}\n")
    assert config.evaluation.probe_down_rate == 0


PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "standard: 0.04",
        "huge: 0.04",
        (
            "14: evaluation.tolerance.huge: found no tier that has a tier"
            " above it; accepted simple, standard, cache"
        ),
    ),
    (
        "standard: 0.04",
        "standard: -1",
        (
            "14: evaluation.tolerance: found a mapping; accepted tier:"
            " a number above 0 and below 1, for each tier"
        ),
    ),
    (
        "budget_usd_per_day: 25",
        "objective: {quality: 0.9}",
        ("13: evaluation.objective: found tolerance as well; accepted one of the two"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_tolerance(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]

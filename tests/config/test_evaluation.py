"""What is sampled and proposed."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems, told
from pydantic import ValidationError


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
        "sample_rate: 0.05",
        "burst: 0.5",
        "12: evaluation.burst: found 0.5; accepted a number of 1 or more",
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


def test_what_one_value_demands_of_another_is_told_beside_every_other_problem(
    tmp_path: Path,
) -> None:
    text = ARTICLE + (
        "evaluation:\n"
        "  tolerance: {huge: 0.1}\n"
        "  objective: {quality: 0.9}\n"
        "  alert_level: 9\n"
        "  false_alarms: 1 % per 1,000 pairs\n"
        "  probe_down_rate: 0\n"
    )
    keys = [problem.split(": ")[1] for problem in problems(tmp_path, text)]
    assert keys == [
        "evaluation.tolerance.huge",
        "evaluation.objective",
        "evaluation.false_alarms",
        "evaluation.probe_down_rate",
    ]


@pytest.mark.parametrize("mode", ["off", "propose", "auto", "'off'"])
@pytest.mark.parametrize("section", ["retune", "refit"])
def test_every_mode_of_proposing(tmp_path: Path, section: str, mode: str) -> None:
    evaluation = load(
        tmp_path, ARTICLE + f"evaluation: {{{section}: {{mode: {mode}}}}}\n"
    ).evaluation
    assert getattr(evaluation, section).mode == mode.strip("'")


@pytest.mark.parametrize("mode", ["on", "yes", "true", "1", "OFF please"])
def test_another_mode_is_refused(tmp_path: Path, mode: str) -> None:
    (problem,) = problems(tmp_path, ARTICLE + f"evaluation: {{retune: {{mode: {mode}}}}}\n")
    assert "evaluation.retune.mode: found " in problem
    assert problem.endswith("accepted 'off', 'propose' or 'auto'")


@pytest.mark.parametrize(("written", "alpha"), [("tolerance", "tolerance"), ("2 %", 0.02)])
def test_what_is_certified_is_the_tolerance_or_a_rate(
    tmp_path: Path, written: str, alpha: float | str
) -> None:
    text = ARTICLE + f"evaluation: {{retune: {{alpha: {written}}}}}\n"
    assert load(tmp_path, text).evaluation.retune.alpha == alpha


@pytest.mark.parametrize("alpha", ["0", "1", "100 %", "tolerances", "-0.1", "[0.1]"])
def test_what_cannot_be_certified(tmp_path: Path, alpha: str) -> None:
    (problem,) = problems(tmp_path, ARTICLE + f"evaluation: {{retune: {{alpha: {alpha}}}}}\n")
    assert problem.endswith("accepted tolerance, or a number above 0 and below 1")


@pytest.mark.parametrize("budget", ["0", "0.5", "25"])
def test_a_budget_may_be_nothing_at_all(tmp_path: Path, budget: str) -> None:
    text = ARTICLE + f"evaluation: {{budget_usd_per_day: {budget}}}\n"
    assert load(tmp_path, text).evaluation.budget_usd_per_day == float(budget)


@pytest.mark.parametrize("rate", ["0", "1", "5 %", "0.05"])
def test_rates_reach_from_nothing_to_everything(tmp_path: Path, rate: str) -> None:
    text = ARTICLE + f"evaluation: {{sample_rate: {rate}, probe_down_rate: {rate}}}\n"
    evaluation = load(tmp_path, text).evaluation
    assert 0 <= evaluation.sample_rate == evaluation.probe_down_rate <= 1


def test_a_section_that_is_loaded_cannot_be_changed(tmp_path: Path) -> None:
    evaluation = load(tmp_path, ARTICLE).evaluation
    with pytest.raises(ValidationError):
        evaluation.sample_rate = 1.0  # type: ignore[misc] # refused, which is what is tested
    with pytest.raises(TypeError):
        evaluation.tolerance["simple"] = 1.0  # type: ignore[index] # likewise


@pytest.mark.parametrize("section", ["{}", "{direct_share: 0.5}", "{objective: {quality: 0.95}}"])
def test_with_two_tiers_no_pair_is_drawn_for_the_top_one(tmp_path: Path, section: str) -> None:
    two = (
        "routing:\n  classifier: {kind: heuristic}\n"
        "  tiers: {simple: {model: a, cost: 1}, complex: {model: b, cost: 3}}\n"
        "providers: {lab: {kind: openai, base_url: 'http://127.0.0.1:9'}}\n"
    )
    assert load(tmp_path, f"{two}evaluation: {section}\n").evaluation.direct_share == 0.0


@pytest.mark.parametrize("share", ["1.5", "-0.1", "often"])
def test_a_direct_share_that_is_none_is_refused(tmp_path: Path, share: str) -> None:
    (problem,) = problems(tmp_path, ARTICLE + f"evaluation: {{direct_share: {share}}}\n")
    assert "evaluation.direct_share: found" in problem
    assert "accepted a number from 0 to 1" in problem


@pytest.mark.parametrize("written", ["0", "3", "true", "1.5", "both"])
def test_one_person_approves_or_two(tmp_path: Path, written: str) -> None:
    (problem,) = problems(tmp_path, ARTICLE + f"evaluation: {{retune: {{approvals: {written}}}}}\n")
    assert "evaluation.retune.approvals: found " in problem
    assert "accepted 1 or 2" in problem


def test_with_two_persons_nothing_approves_by_itself_or_alone(tmp_path: Path) -> None:
    text = ARTICLE + (
        "evaluation:\n  retune: {approvals: 2, mode: auto, own_proposals: anybody}\n"
        "  refit: {mode: auto}\n"
    )
    found = problems(tmp_path, text)
    for key, value, accepted in (
        ("retune.mode", "auto", "off or propose"),
        ("refit.mode", "auto", "off or propose"),
        ("retune.own_proposals", "anybody", "another"),
    ):
        assert any(
            f"evaluation.{key}: found {value}; accepted {accepted}, with"
            " evaluation.retune.approvals: 2" in line
            for line in found
        ), (key, found)
    two = load(tmp_path, ARTICLE + "evaluation: {retune: {approvals: 2}}\n").evaluation.retune
    assert (two.approvals, two.own_proposals) == (2, "another")

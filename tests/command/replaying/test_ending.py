"""What a replay leaves behind: grades, a report as file and text, and what went wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from factories.reports import rate, report
from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.command.replaying.ending import (
    add_recorded_quality,
    failures,
    newest_judge,
    show_report,
    write_report,
)
from tierwatch.command.replaying.sender import Progress
from tierwatch.providers.recorded.traffic_file import BadLine


def test_the_grades_of_what_was_served_are_kept(engine: Engine) -> None:
    progress = Progress(answered=10, scored=8, score_sum=6.5)
    add_recorded_quality(engine, progress, file="items.jsonl")
    (kept,) = rows(engine, "select file, requests, scored, score_sum from replays")
    assert tuple(kept) == ("items.jsonl", 10, 8, 6.5)


def test_before_the_first_outcome_no_judge_is_known(engine: Engine) -> None:
    assert newest_judge(engine) == ""


def test_skipped_lines_stand_in_the_file_and_not_in_the_report(tmp_path: Path) -> None:
    shown = report()
    progress = Progress(bad_lines=[BadLine(4, "not JSON"), BadLine(9, "has no answers")])
    write_report(shown, progress, tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written.pop("skipped_lines") == [
        {"line": 4, "why": "not JSON"},
        {"line": 9, "why": "has no answers"},
    ]
    assert written == shown


def test_a_replay_that_went_well_has_nothing_to_say() -> None:
    assert failures(report(), Progress(answered=100), file="items.jsonl") == []


def test_each_thing_that_went_wrong_is_a_sentence() -> None:
    progress = Progress(
        refused=3, first_refusal="demo-1: HTTP 503 away", bad_lines=[BadLine(4, "not JSON")]
    )
    assert failures(report(pending=2), progress, file="items.jsonl") == [
        "line 4 of items.jsonl was skipped: not JSON",
        "3 requests were not answered, the first: demo-1: HTTP 503 away",
        "2 sampled exchanges are still pending",
    ]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    """The lines that are printed of a report with these changes."""

    def lines(**changes: Any) -> list[str]:
        show_report(report(**changes))
        return capsys.readouterr().out.splitlines()

    return lines


def test_each_tier_is_a_line_with_its_rate_or_says_that_there_is_none(shown: Any) -> None:
    tiers = {
        "simple": {
            "requests": 324,
            "pairs": 118,
            "misroute": rate(0.025, n=118),
            "tolerance": 0.25,
        },
        "standard": {"requests": 9, "pairs": 1, "misroute": rate(None), "tolerance": 0.05},
        "complex": {"requests": 232, "pairs": 86, "misroute": rate(None), "tolerance": None},
        "cache": {"requests": 5, "pairs": 2, "misroute": rate(0.5, low=None), "tolerance": 0.02},
    }
    _, head, *lines = shown(tiers=tiers)[:6]
    assert head == "tier         requests   pairs  materially worse than the next tier"
    assert lines == [
        "simple            324     118  2.5 % (5.0 to 20.0), 118 pairs",
        "standard            9       1  not enough data",
        "complex           232      86  top tier",
        "cache               5       2  50.0 % (open to 20.0), 40 pairs",
    ]


def test_before_there_are_costs_nothing_is_said_of_a_saving(shown: Any) -> None:
    said = "\n".join(shown(saving=None, saving_net_of_evaluation=None))
    assert "saved" not in said
    assert "net of" not in said


def test_the_saving_is_said_before_and_after_all_is_paid(shown: Any) -> None:
    # 1 - 1 / 4 = 75 %; 1 - (1 + .1 + .2 + .3 + .4) / 4 = 50 %.
    said = shown()
    assert (
        "cost 1.00 USD, always the top tier 4.00 USD: saved 75 %; evaluation cost 0.90 USD" in said
    )
    assert (
        "net of classifier and evaluation: 50 %"
        " (classifier 0.10, shadow answers 0.20, judge 0.30, checks 0.40 USD)" in said
    )
    assert not any("sample less" in line for line in said)


def test_a_proposal_says_what_moves_and_how_sure_it_is(shown: Any) -> None:
    proposal = {
        "id": 7, "state": "open", "direction": "lower", "tier": "simple", "task_type": "all",
        "from": 0.7, "to": 0.6, "certified": True, "pairs": 62, "objective": None,
    }  # fmt: skip
    of_type = proposal | {"id": 8, "task_type": "sql joins", "certified": False, "objective": "so."}
    said = shown(proposals=[proposal, of_type])
    assert "proposal 7 open: lower simple from 0.7 to 0.6, certified, 62 pairs" in said
    at = said.index(
        "proposal 8 open: lower simple for sql joins from 0.7 to 0.6, not certified, 62 pairs"
    )
    assert said[at + 1] == "  so."


def test_an_alert_is_said_with_its_cause_once_that_is_known(shown: Any) -> None:
    alert = {"state": "open", "opened_at_request": 736, "summary": "Worse.", "why": None}
    assert "ALERT open at request 736: Worse." in shown(alerts=[alert])
    at = (said := shown(alerts=[alert | {"why": "The model."}])).index(
        "ALERT open at request 736: Worse."
    )
    assert said[at + 1] == "  The model."


def test_an_objective_and_grades_are_said_where_there_are_any(shown: Any) -> None:
    objective = {"quality": 0.95, "top": "complex", "kept": rate(0.97)}
    said = shown(objective=objective, recorded_quality=0.9094)
    kept = "kept 97.0 % (5.0 to 20.0), 40 pairs"
    assert f"objective: 95 % of complex's quality; {kept}" in said
    assert "graded quality of what was served: 0.909" in said


def test_a_net_loss_is_shown_as_one_and_an_unpriced_model_makes_it_a_bound(shown: Any) -> None:
    lost = "\n".join(shown(saving_net_of_evaluation=-0.75))
    assert "net of classifier and evaluation: -75 % (classifier 0.10" in lost
    assert "watching costs more than routing saves" in lost
    costs = report()["costs"] | {"unpriced": ["evaluation.judge"]}
    bound = "\n".join(shown(saving_net_of_evaluation=0.4, costs=costs))
    assert "costs more than" not in bound
    assert "net of classifier and evaluation: at most 40 %" in bound
    assert "no price is known for evaluation.judge" in bound

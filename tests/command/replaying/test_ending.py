"""What a replay leaves behind: grades, a report file, sentences about what went wrong."""

import json
from pathlib import Path

from factories.reports import report
from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.command.replaying.ending import (
    add_recorded_quality,
    failures,
    newest_judge,
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

"""What a replay leaves behind: the graded quality, a report file, and what went wrong."""

import json
from pathlib import Path

from sqlalchemy import Engine, text

from tierwatch.command.replaying.sender import Progress
from tierwatch.loop.report import Report


def add_recorded_quality(engine: Engine, progress: Progress, *, file: str) -> None:
    """Keep how good the served answers were by the recording's grades."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into replays (file, requests, scored, score_sum)"
                " values (:file, :requests, :scored, :score_sum)"
            ),
            {
                "file": file,
                "requests": progress.answered,
                "scored": progress.scored,
                "score_sum": progress.score_sum,
            },
        )


def newest_judge(engine: Engine) -> str:
    """The judge's version of the newest outcome; empty before the first."""
    with engine.connect() as connection:
        found = connection.execute(
            text("select judge_version from outcomes order by id desc limit 1")
        ).scalar_one_or_none()
    return found or ""


def write_report(report: Report, progress: Progress, to: Path) -> None:
    """Write a report, with the lines of the recording that were skipped."""
    skipped = [{"line": bad.number, "why": bad.why} for bad in progress.bad_lines]
    to.write_text(json.dumps({**report, "skipped_lines": skipped}, indent=2) + "\n")


def failures(report: Report, progress: Progress, *, file: str) -> list[str]:
    """One sentence for each thing that makes a replay exit with 1."""
    found = [f"line {bad.number} of {file} was skipped: {bad.why}" for bad in progress.bad_lines]
    if progress.refused:
        found.append(
            f"{progress.refused} requests were not answered, the first: {progress.first_refusal}"
        )
    if report["pending"]:
        found.append(f"{report['pending']} sampled exchanges are still pending")
    return found

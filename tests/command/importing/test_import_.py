"""The command itself: what it takes, and its exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.intake.files.kinds import FILE_KINDS


def test_its_help_names_every_kind() -> None:
    said = " ".join(CliRunner().invoke(main, ["import", "--help"]).output.split())
    named = said.partition("Its format: ")[2].partition(". ")[0].replace(" or ", ", ")
    assert named.split(", ") == list(FILE_KINDS)


def test_another_kind_is_exit_code_2_and_the_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").write_text("{}\n")
    # A process of its own, for the command sets what is logged.
    done = subprocess.run(
        [sys.executable, "-m", "tierwatch", "import", "export.jsonl", "--source", "csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"--source: found 'csv'; accepted: {', '.join(FILE_KINDS)}\n"


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (["nowhere.jsonl", "--source", "openai"], "does not exist"),
        (["/", "--source", "openai"], "is a directory"),
        ([__file__, "--source", "openai", "--from-line", "0"], "0 is not in the range"),
        ([__file__], "Missing option '--source'"),
    ],
)
def test_wrong_use_is_exit_code_2(asked: list[str], what: str) -> None:
    done = CliRunner().invoke(main, ["import", *asked])
    assert done.exit_code == 2
    assert what in done.output

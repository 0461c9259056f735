"""`tierwatch demo` as a person runs it, given what it should not accept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "evalsets" / "demo"


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "tierwatch", "demo", "--exit", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Twelve lines: ten of the demo's, of which one lost its answers, and two that are no JSON."""
    lines = (DEMO / "items.jsonl").read_text().splitlines()[:10]
    silent = json.loads(lines[7])
    del silent["answers"]
    lines[7] = json.dumps(silent)
    lines.insert(3, "this is not JSON")
    lines.append('{"id": "cut", "messages": [{"role"')
    path = tmp_path / "damaged.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_bad_lines_are_skipped_counted_and_named_and_the_exit_code_is_1(
    damaged: Path, tmp_path: Path
) -> None:
    report_path = tmp_path / "report.json"
    asked = ("--traffic", str(damaged), "--limit", "50", "--report", str(report_path))
    done = run_demo(tmp_path, *asked, "--sample-rate", "1")
    assert done.returncode == 1, done.stderr
    report = json.loads(report_path.read_text())
    assert [bad["line"] for bad in report["skipped_lines"]] == [4, 9, 12]
    assert [bad["why"].split(" (")[0] for bad in report["skipped_lines"]] == [
        "not JSON",
        "has no answers",
        "not JSON",
    ]
    for number in (4, 9, 12):
        assert f"line {number} of damaged.jsonl was skipped: " in done.stderr
    # The nine good lines went all the way.
    assert report["requests"] == 9
    assert report["captured"] == report["shadowed"] == 9
    assert report["pending"] == report["failed"] == report["dropped"] == 0
    assert "Traceback" not in done.stderr


def test_an_unacceptable_config_is_said_with_its_line_and_the_exit_code_is_2(
    tmp_path: Path,
) -> None:
    config = tmp_path / "bad.yaml"
    lines = (DEMO / "tierwatch.yaml").read_text().splitlines()
    place = next(n for n, line in enumerate(lines) if "fallback:" in line)
    lines[place] = lines[place].replace("0.7", "7")
    config.write_text("\n".join(lines) + "\n")
    done = run_demo(tmp_path, "--config", str(config))
    assert done.returncode == 2, done.stderr
    assert f"{config}:{place + 1}: " in done.stderr
    assert "threshold" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traffic_file_that_is_not_there_is_said_and_the_exit_code_is_1(tmp_path: Path) -> None:
    done = run_demo(tmp_path, "--traffic", "nowhere.jsonl")
    assert done.returncode == 1
    assert "nowhere.jsonl: no such file" in done.stderr
    assert not (tmp_path / ".tierwatch").exists()

"""Options of `demo` and `replay`: what is refused before anything is started."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.command.replaying.options import Replay
from tierwatch.errors import TrafficError


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ('{"flip": 1}', "accepted is a JSON object of latency_s"),
        ("[1]", "accepted is a JSON object"),
        ('{"error_rates": {"x": 1}}', "accepted 429, 500, cut, garbage, html, empty"),
    ],
)
def test_the_recorded_provider_is_refused_before_anything_starts(given: str, what: str) -> None:
    done = CliRunner().invoke(main, ["demo", "--recorded", given])
    assert done.exit_code == 2
    assert what in done.output


@pytest.mark.parametrize(
    ("option", "value"),
    [("--limit", "0"), ("--sample-rate", "1.1"), ("--port", "65535"), ("--port", "0")],
)
def test_a_number_outside_its_range_is_wrong_use(option: str, value: str) -> None:
    done = CliRunner().invoke(main, ["demo", option, value])
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.output


def test_a_recording_that_is_not_a_file_is_no_replay(tmp_path: Path) -> None:
    with pytest.raises(TrafficError, match=r"no such file\. Give recorded traffic with --traffic"):
        Replay(traffic=tmp_path)
    (tmp_path / "traffic.jsonl").touch()
    assert Replay(traffic=tmp_path / "traffic.jsonl").recorded == "{}"

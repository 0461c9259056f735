"""`tierwatch doctor`: a line for each thing, and exit 1 where one of them is wrong."""

from typing import Any

import pytest
from click.testing import CliRunner

from tierwatch.command import examine, main
from tierwatch.command.examine import Finding
from tierwatch.command.examining import calls, neighbours

FINE = Finding("redis", ok=True, detail="answers")
OLD = Finding("prices", ok=True, detail="200 days old", warning=True)
WRONG = Finding("postgres", ok=False, detail="no server")


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([FINE], 0, ["ok   redis: answers"]),
        ([FINE, OLD], 0, ["ok   redis: answers", "warn prices: 200 days old"]),
        ([WRONG, FINE], 1, ["FAIL postgres: no server", "ok   redis: answers"]),
    ],
)
def test_warnings_are_no_failures(
    found: list[Finding], code: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def findings(*_: Any) -> list[Finding]:
        return found

    monkeypatch.setattr(examine, "findings", findings)
    monkeypatch.setattr(neighbours, "neighbour_findings", lambda *_: [])
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == code
    assert done.output.splitlines() == said


def test_models_are_called_only_when_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "findings", lambda *_: [FINE])
    monkeypatch.setattr(neighbours, "neighbour_findings", lambda *_: [OLD])
    monkeypatch.setattr(calls, "call_findings", lambda *_: [WRONG])
    plain = CliRunner().invoke(main, ["doctor"])
    assert (plain.exit_code, len(plain.output.splitlines())) == (0, 2)
    called = CliRunner().invoke(main, ["doctor", "--call"])
    assert called.exit_code == 1
    assert called.output.splitlines()[-1] == "FAIL postgres: no server"

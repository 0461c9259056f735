"""How far a replay is: plain lines where there is no terminal, a bar where there is one."""

import io
import sys

import pytest

from tierwatch.command.replaying.progress_bar import progress_shown


def test_without_a_terminal_there_is_a_line_for_each_tenth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_shown(50) as show:
        for answered in (0, 1, 4, 5, 5, 26, 50, 50):
            show(answered, answered // 2)
    assert capsys.readouterr().out.splitlines() == [
        "replayed 0 of 50 requests, 0 pairs in evaluation",
        "replayed 5 of 50 requests, 2 pairs in evaluation",
        "replayed 26 of 50 requests, 13 pairs in evaluation",
        "replayed 50 of 50 requests, 25 pairs in evaluation",
    ]


def test_a_recording_without_lines_divides_by_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(0) as show:
        show(0, 0)
    assert capsys.readouterr().out == "replayed 0 of 0 requests, 0 pairs in evaluation\n"


def test_on_a_terminal_a_bar_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_shown(10) as show:
        show(10, 3)
    shown = terminal.getvalue()
    assert "10/10" in shown
    assert "3 pairs in evaluation" in shown
    assert "replayed" not in shown

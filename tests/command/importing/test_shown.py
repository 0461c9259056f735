from typing import Any

import pytest

from tierwatch.command.importing.shown import import_shown
from tierwatch.intake.files.lines import START, Place


def test_a_line_each_tenth_where_nobody_looks(capsys: Any) -> None:
    with import_shown(START, 1_000) as shown:
        for lines in range(1, 101):
            shown(Place(lines, 10 * lines), lines - 1)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 10
    assert said[0] == "line 10, 10 % of the file: 9 stored"
    assert said[-1] == "line 100, 100 % of the file: 99 stored"


def test_what_was_done_before_is_not_said_again(capsys: Any) -> None:
    with import_shown(Place(50, 500), 1_000) as shown:
        shown(Place(51, 510), 1)
        assert capsys.readouterr().out == ""
        shown(Place(60, 600), 10)
    assert "60 %" in capsys.readouterr().out


def test_an_empty_file_has_no_share(capsys: Any) -> None:
    with import_shown(START, 0) as shown:
        shown(START, 0)
    assert capsys.readouterr().out == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with import_shown(START, 1_000) as shown:
        shown(Place(10, 1_000), 1_234)
    said = capsys.readouterr().out
    assert "importing" in said
    assert "1,234" in said

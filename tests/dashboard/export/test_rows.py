import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.export.rows import csv_text, jsonl_text


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-cmd", "@SUM(A1)", "\tx", "\rx", "  =1", "\uff1d1", '=HYPERLINK("x")']
)
def test_what_a_spreadsheet_would_run_is_text(cell: str) -> None:
    [_, [found]] = read(csv_text(["a"], [{"a": cell}]))
    assert found == f"'{cell}"


def test_numbers_stay_numbers_and_the_rest_is_json() -> None:
    rows = [{"a": -2, "b": None, "c": {"why": "x, y"}, "d": True}]
    [head, line] = read(csv_text(["a", "b", "c", "d", "e"], rows))
    assert head == ["a", "b", "c", "d", "e"]
    assert line == ["-2", "", '{"why":"x, y"}', "true", ""]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_every_text_comes_back_and_none_begins_a_formula(texts: list[str]) -> None:
    lines = read(csv_text(["a"], [{"a": text} for text in texts]))[1:]
    # A row of one empty cell is written as "".
    assert len(lines) == len(texts)
    for text, line in zip(texts, lines, strict=True):
        (cell,) = line
        assert cell in {text, f"'{text}"}
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t"))


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.none())))
def test_json_lines_are_unchanged(rows: list[dict[str, Any]]) -> None:
    assert [json.loads(line) for line in jsonl_text(rows).split("\n")[:-1]] == rows

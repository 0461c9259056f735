import csv
import io
import json
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.lists.spreadsheet import BOM, cell, csv_lines, json_lines

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.builds(
    str.__add__, st.sampled_from([*STARTS, " =", "\u00a0="]), st.text(max_size=10)
)  # fmt: skip


def _table(lines: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(lines.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("start", STARTS)
def test_what_a_spreadsheet_would_run_is_text_to_it(start: str) -> None:
    assert cell(f"{start}cmd()") == f"'{start}cmd()"
    for before in (" ", "\u00a0", "  \t"):  # which some trim
        assert cell(f"{before}{start}=cmd()").startswith("'")


def test_numbers_stay_numbers() -> None:
    assert [cell(value) for value in (-1, -1.5, 0, True, None)] == ["-1", "-1.5", "0", "True", ""]


def test_what_is_neither_text_nor_number_is_json_and_no_formula() -> None:
    assert cell({"why": "x, y", "of": [1, None]}) == '{"why":"x, y","of":[1,null]}'
    assert cell(["=1"]) == '["=1"]'


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=5))
def test_a_table_is_read_back_and_no_cell_is_a_formula(rows: list[dict[str, object]]) -> None:
    table = _table(b"".join(csv_lines(["a", "b"], rows)))
    assert table[0] == ["a", "b"]
    assert table[1:] == [[cell(row["a"]), cell(row["b"])] for row in rows]
    for row, cells in zip(rows, table[1:], strict=True):
        for value, written in zip((row["a"], row["b"]), cells, strict=True):
            if isinstance(value, str):
                assert not written.lstrip().startswith(STARTS)
                assert written.removeprefix("'") == value.replace("\x00", "\ufffd").removeprefix(
                    "'"
                )


def test_a_file_says_that_it_is_utf_8() -> None:
    whole = b"".join(csv_lines(["a"], [{"a": "\u6f22"}]))
    assert whole.startswith(BOM.encode())
    assert whole.count(BOM.encode()) == 1


def test_half_a_character_ends_no_file() -> None:
    assert b"?" in b"".join(csv_lines(["a"], [{"a": "\ud800"}]))


def test_a_column_that_a_row_lacks_is_empty() -> None:
    assert _table(b"".join(csv_lines(["a", "b"], [{"b": 1}])))[1] == ["", "1"]


def test_lines_come_one_by_one() -> None:
    def rows() -> Iterator[dict[str, object]]:
        yield {"a": 1}
        raise AssertionError("nobody asked for the second")

    lines = csv_lines(["a"], rows())
    next(lines)
    assert next(lines) == b"1\r\n"


@given(st.lists(st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=9), max_size=3)))
def test_each_line_is_a_document(rows: list[dict[str, object]]) -> None:
    lines = b"".join(json_lines(rows)).decode()
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == rows


def test_no_number_is_written_that_json_has_none_of() -> None:
    assert b"".join(json_lines([{"a": math.inf}])) == b'{"a":null}\n'

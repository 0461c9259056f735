"""Rows as lines of a file: CSV that a spreadsheet runs nothing of, and JSON Lines."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson

# A cell that begins with one of these is a formula to some spreadsheet; the blanks hide one from
# those that trim. See OWASP, "CSV Injection".
_FORMULA: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "|",
    "%",
)
TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
# Without it Excel reads UTF-8 as the letters of its country; what reads CSV elsewhere skips it.
BOM: Final = "\ufeff"


def file_lines(
    kind: str, names: Iterable[str], rows: Iterable[Mapping[str, object]]
) -> Iterator[bytes]:
    """Rows in one of the kinds of `TYPES`."""
    return csv_lines(names, rows) if kind == "csv" else json_lines(rows)


def csv_lines(names: Iterable[str], rows: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    r"""A table as RFC 4180 has it, in UTF-8 with a mark, a line at a time.

    Text that a spreadsheet may take for a formula begins with ', which it takes for "this is text";
    numbers are numbers, negative ones too; what is neither is JSON.

    >>> b"".join(csv_lines(["a"], [{"a": "=1+1"}, {"a": -1.5}])).decode("utf-8-sig")
    "a\r\n'=1+1\r\n-1.5\r\n"
    """
    columns = list(names)
    yield BOM.encode() + _line(columns)
    for row in rows:
        yield _line([cell(row.get(name)) for name in columns])


def json_lines(rows: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Each row as an object of JSON, a line each; as it is, for nothing that reads JSON runs it."""
    for row in rows:
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def cell(value: object) -> str:
    """A value as a cell of a table.

    >>> cell(None), cell("+49 30"), cell("plain"), cell(-2), cell(" =1"), cell({"a": [1]})
    ('', "'+49 30", 'plain', '-2', "' =1", '{"a":[1]}')
    """
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return orjson.dumps(value).decode()
    if not isinstance(value, str):
        return str(value)
    text = value.replace("\x00", "\ufffd")
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")

"""Rows as CSV, safe to open in a spreadsheet, and as JSON lines."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tierwatch.wire.json_bytes import write_json

# What a spreadsheet takes for a formula, and may run, where a cell begins with it; the wide forms
# of East Asian keyboards too.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    r"""A head and a line for each row, as RFC 4180 has it; what is no number or text is JSON.

    A text that a spreadsheet would take for a formula has an apostrophe before it, which
    spreadsheets do not show. So the file is for people; programs take the JSON lines.

    >>> csv_text(["who", "n"], [{"who": "=1+1", "n": -2}])
    "who,n\r\n'=1+1,-2\r\n"
    """
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(columns)
    lines.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return written.getvalue()


def jsonl_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """A JSON object a line, unchanged."""
    return "".join(f"{write_json(dict(row)).decode()}\n" for row in rows)


def _cell(value: object) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else write_json(value).decode().strip('"')
    # A blank before the sign is no protection: some programs trim it.
    return (
        f"'{text}" if text.startswith(_FORMULA) or text.lstrip(" ").startswith(_FORMULA) else text
    )

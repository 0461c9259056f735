"""A file, line by line: what is bad is named, and nothing else is lost with it."""

import json
from collections.abc import Iterator
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import BAD_LINE, Readings
from tierwatch.intake.files.lines import (
    LONGEST,
    START,
    EachAlone,
    NotThisKindError,
    Place,
    read_lines,
)
from tierwatch.store.documents import Json

ACCEPTED = "a line has a number"


def read(value: Json) -> Readings:
    if "n" not in value:
        raise NotThisKindError("no n")
    return Readings((), {"n": value["n"]})


def lines_of(raw: bytes, start: Place = START) -> list[tuple[int, int, str]]:
    """By line: what was counted, where the next begins, and the problem."""
    file = BytesIO(raw)
    file.seek(start.offset)
    return [
        (one.readings.counted.get("n", 0), one.after.offset, one.problem)
        for one in read_lines(file, EachAlone(read), ACCEPTED, start)
    ]


def test_lines_are_read_in_any_form_of_file() -> None:
    """With a byte order mark, empty lines, ends of two kinds, and none at the last."""
    raw = b'\xef\xbb\xbf{"n": 1}\r\n\n  \n{"n": 2}\n{"n": 3}'
    assert [number for number, _, _ in lines_of(raw)] == [1, 2, 3]
    assert lines_of(raw)[-1][1] == len(raw)


def test_a_bad_line_is_named_with_what_is_accepted() -> None:
    raw = b'{"n": 1}\n{"n": \n[7]\n"x"\n{"m": 1}\n{"n": 2}\n'
    found = lines_of(raw)
    assert [number for number, _, _ in found] == [1, 0, 0, 0, 0, 2]
    assert found[1][2].startswith("line 2: this is not JSON (")
    assert found[2][2] == f"line 3: this is not a JSON object; {ACCEPTED}"
    assert found[3][2] == f"line 4: this is not a JSON object; {ACCEPTED}"
    assert found[4][2] == f"line 5: no n; {ACCEPTED}"


def test_a_bad_line_is_counted() -> None:
    (bad,) = read_lines([b"x\n"], EachAlone(read), ACCEPTED)
    assert bad.readings == Readings((), {BAD_LINE: 1})


def test_a_list_and_a_page_of_an_api_are_several_lines_in_one() -> None:
    raw = b'[{"n": 1}, {"n": 2}]\n{"object": "list", "data": [{"n": 4}], "has_more": true}\n'
    assert [number for number, _, _ in lines_of(raw)] == [3, 4]


def test_a_line_that_is_too_long_is_bad() -> None:
    long = b'{"n": 1, "x": "' + b"x" * LONGEST + b'"}\n'
    found = list(read_lines([long, b'{"n": 2}\n'], EachAlone(read), ACCEPTED))
    assert "longer than 64,000,000 bytes" in found[0].problem
    assert found[1].readings.counted == {"n": 2}


def test_what_is_left_at_the_end_comes_last() -> None:
    class AtTheEnd(EachAlone):
        def end(self) -> Readings:
            return Readings((), {"n": 9})

    found = list(read_lines([b'{"n": 1}\n'], AtTheEnd(read), ACCEPTED))
    assert [one.readings.counted for one in found] == [{"n": 1}, {"n": 9}]
    assert found[1].after == found[0].after


def test_lines_are_read_as_they_come() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b'{"n": 1}\n'

    assert next(read_lines(endless(), EachAlone(read), ACCEPTED)).after == Place(1, 9)


@given(st.lists(st.integers(0, 999) | st.none(), max_size=12), st.data())
def test_a_file_goes_on_where_it_was_left(numbers: list[int | None], data: st.DataObject) -> None:
    """None stands for a bad line."""
    said = [b"bad\n" if n is None else json.dumps({"n": n}).encode() + b"\n" for n in numbers]
    raw = b"".join(said)
    whole = list(read_lines(BytesIO(raw), EachAlone(read), ACCEPTED))
    left = data.draw(st.integers(0, len(whole)))
    start = whole[left - 1].after if left else START
    file = BytesIO(raw)
    file.seek(start.offset)
    assert list(read_lines(file, EachAlone(read), ACCEPTED, start)) == whole[left:]

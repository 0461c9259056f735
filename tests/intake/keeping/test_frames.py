"""A frame and its line: the same again, or a word about what it is not."""

import datetime as dt
import uuid
from collections import Counter

import pytest

from tierwatch.intake.keeping.frames import AdmittedCall, Frame, add_counts, read_frame
from tierwatch.loop.capture.document import new_flush

DAY = dt.date(2026, 11, 30)


def test_a_frame_comes_back_from_its_line() -> None:
    calls = [
        AdmittedCall(uuid.uuid4(), "app", new_flush(), ("sampled", "clock")),
        AdmittedCall(uuid.uuid4(), "proxy", None, ()),
    ]
    frame = Frame(calls, {"app": {"frame": 2}}, DAY)
    line = frame.line
    assert b"\n" not in line
    assert read_frame(line) == frame


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"version": 2}',
        b'{"version": 1}',
        Frame([], {}, DAY).line[:-3],
        Frame([], {}, DAY).line.replace(b"2026-11-30", b"yesterday"),
        Frame([], {}, DAY).line.replace(b'"calls":[]', b'"calls":[[1]]'),
    ],
)
def test_any_other_line_is_no_frame(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_frame(line)


def test_counts_of_a_source_are_added() -> None:
    counted = {"proxy": Counter[str]()}
    add_counts(counted, "app", {"frame": 2})
    add_counts(counted, "app", {"frame": 1, "shed": 1})
    add_counts(counted, "proxy", {})
    assert counted == {"app": {"frame": 3, "shed": 1}, "proxy": {}}

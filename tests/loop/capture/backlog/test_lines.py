"""Lines are appended whole or not at all."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.backlog.lines import append_lines, size_of, whole_lines

LINES = st.lists(st.binary(min_size=1, max_size=20).map(lambda one: one.hex().encode()), max_size=6)


@given(first=LINES, cut=st.integers(0, 10), then=LINES)
def test_a_cut_line_stays_one_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, first: list[bytes], cut: int, then: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "deeper" / "file"
    for line in first:
        append_lines(path, line + b"\n")
    if first:
        path.write_bytes(path.read_bytes()[: -cut or None])
    before = list(whole_lines(path))
    for line in then:
        append_lines(path, line + b"\n")
    assert list(whole_lines(path)) == before + then


def test_a_disk_that_takes_a_part_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    append_lines(path, b"one\n")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        append_lines(path, b"two\n")
    assert path.read_bytes() == b"one\n"


def test_nothing_is_there(tmp_path: Path) -> None:
    assert size_of(tmp_path / "none") == 0
    assert list(whole_lines(tmp_path / "none")) == []


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\n\n1\n \n2")
    assert list(whole_lines(tmp_path / "file")) == [b"1", b"2"]
    assert size_of(tmp_path / "file") == 7

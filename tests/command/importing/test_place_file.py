import os
from pathlib import Path

import pytest

from tierwatch.command.importing.place_file import PlaceFile
from tierwatch.intake.files.lines import START, Place

TEXT = b"one\ntwo\nthree\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    path.write_bytes(TEXT)
    return path


@pytest.fixture
def kept(file: Path, tmp_path: Path) -> PlaceFile:
    return PlaceFile(tmp_path / "imports", file, "openai", "app")


def read(kept: PlaceFile, file: Path) -> Place:
    with file.open("rb") as opened:
        return kept.read(opened)


def test_a_place_is_kept_and_the_file_stands_where_it_stood(kept: PlaceFile, file: Path) -> None:
    assert read(kept, file) == START
    with file.open("rb") as opened:
        opened.seek(5)
        kept.keep(opened, Place(2, 8))
        assert opened.tell() == 5
    assert read(kept, file) == Place(2, 8)
    file.write_bytes(TEXT + b"four\n")
    assert read(kept, file) == Place(2, 8)
    assert [path.suffix for path in kept.path.parent.iterdir()] == [".json"]


@pytest.mark.parametrize("now", [b"", b"one\n", b"one\ntwX\nthree\n", b"ONE\ntwo\nthree\n"])
def test_another_file_begins_anew(kept: PlaceFile, file: Path, now: bytes) -> None:
    with file.open("rb") as opened:
        kept.keep(opened, Place(2, 8))
    file.write_bytes(now)
    assert read(kept, file) == START


def test_of_a_long_file_its_begin_and_what_stands_before_the_place_are_compared(
    kept: PlaceFile, file: Path
) -> None:
    file.write_bytes(b"x" * 200_000 + b"\n")
    with file.open("rb") as opened:
        kept.keep(opened, Place(1, 200_001))
    assert read(kept, file) == Place(1, 200_001)
    with file.open("r+b") as opened:
        opened.seek(-5, os.SEEK_END)
        opened.write(b"y")
    assert read(kept, file) == START


@pytest.mark.parametrize(
    "broken", [b"", b"nonsense", b"[]", b'{"lines": 2}', b'{"lines": "x", "offset": 8}']
)
def test_a_broken_place_is_none(kept: PlaceFile, file: Path, broken: bytes) -> None:
    kept.path.parent.mkdir()
    kept.path.write_bytes(broken)
    assert read(kept, file) == START


def test_files_kinds_and_sources_have_places_of_their_own(tmp_path: Path, file: Path) -> None:
    places = {
        PlaceFile(tmp_path, one, kind, source).path
        for one in (file, tmp_path / "other")
        for kind in ("openai", "otlp")
        for source in ("app", "proxy")
    }
    assert len(places) == 8

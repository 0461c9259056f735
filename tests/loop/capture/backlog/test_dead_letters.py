"""Letters are kept within a bound, read by anybody, and put back once what was wrong is mended."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.document import new_flush


def letters_in(folder: Path, max_bytes: int = 100_000) -> DeadLetters:
    return DeadLetters(folder / "spool", max_bytes=max_bytes)


def exchange(name: str) -> Letter:
    row: Any = {"id": name}
    return Letter("exchange", "DataError 22003", new_flush(exchanges=[row]))


def test_none_is_no_file(tmp_path: Path) -> None:
    letters = letters_in(tmp_path)
    assert list(letters.letters()) == []
    found = letters.summary()
    assert (found.count, found.oldest_at, found.unread) == (0, None, 0)
    assert not (tmp_path / "spool").exists()


def test_a_letter_is_read_as_it_was_written(tmp_path: Path) -> None:
    letters = letters_in(tmp_path)
    written = [
        exchange("one"),
        Letter("line", "no whole JSON", line="{cut \udcff half"),
        Letter("redaction", "ValueError", about={"id": "two", "tier": "simple"}),
        Letter("count", "TypeError", new_flush(counts=[[1, "a", 10**30, "\ud800"]])),
    ]
    for letter in written:
        assert letters.keep(letter)
    read = [one for one in letters.letters() if one is not None]
    assert [(one.what, one.cause, one.document, one.line, one.about) for one in read] == [
        (one.what, one.cause, one.document, one.line, one.about) for one in written
    ]
    assert all(time.time() - one.at < 60 for one in read)
    assert [one.exchange_ids for one in read] == [["one"], [], ["two"], []]
    assert letters.kept == 4


def test_a_line_that_no_text_holds_comes_back_byte_for_byte(tmp_path: Path) -> None:
    raw = bytes(range(256)).replace(b"\n", b"")
    letters = letters_in(tmp_path)
    letters.keep(Letter("line", "no whole JSON", line=raw.decode("utf-8", "surrogateescape")))
    [read] = letters.letters()
    assert read is not None
    assert read.line.encode("utf-8", "surrogateescape") == raw


def test_beyond_the_bound_a_letter_is_refused_and_counted(tmp_path: Path) -> None:
    letters = letters_in(tmp_path, max_bytes=600)
    kept = [letters.keep(exchange(str(number))) for number in range(10)]
    assert 0 < kept.count(True) < 10
    assert (letters.kept, letters.refused) == (kept.count(True), kept.count(False))
    assert (tmp_path / "spool" / "dead-letters.jsonl").stat().st_size <= 600


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    letters = letters_in(tmp_path)
    assert not letters.keep(exchange("one"))
    assert letters.refused == 1


def test_a_summary_says_how_many_of_what_since_when_and_what_is_none_of_ours(
    tmp_path: Path,
) -> None:
    letters = letters_in(tmp_path)
    for at in (30.0, 10.0, 20.0):
        letters.keep(Letter("exchange", "DataError 22003", at=at))
    letters.keep(Letter("redaction", "ValueError", at=40.0))
    with (tmp_path / "spool" / "dead-letters.jsonl").open("ab") as file:
        file.write(b'{"version": 99}\nnonsense\n[]\n{"version": 1, "what": 3}\n{"cut')
    found = letters.summary()
    assert (found.count, found.oldest_at, found.unread) == (4, 10.0, 5)
    assert found.causes == {("exchange", "DataError 22003"): 3, ("redaction", "ValueError"): 1}


def test_what_can_be_put_back_goes_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    letters = letters_in(tmp_path)
    for name in ("good", "bad", "fine"):
        letters.keep(exchange(name))
    path = tmp_path / "spool" / "dead-letters.jsonl"
    with path.open("ab") as file:
        file.write(b"none of ours\n")
    before = path.read_bytes().split(b"\n")
    put_back = []

    def write(letter: Letter) -> None:
        if letter.exchange_ids == ["bad"]:
            raise ValueError
        put_back.append(letter.exchange_ids)

    assert letters.put_back(write) == (2, 2)
    assert put_back == [["good"], ["fine"]]
    assert path.read_bytes().split(b"\n") == [before[1], b"none of ours", b""]
    assert letters.put_back(lambda _: None) == (1, 1)


def test_a_letter_that_comes_meanwhile_is_kept_for_the_next_time(tmp_path: Path) -> None:
    letters, of_a_gateway = letters_in(tmp_path), letters_in(tmp_path)
    letters.keep(exchange("one"))

    def write(letter: Letter) -> None:
        assert of_a_gateway.keep(exchange("meanwhile"))

    assert letters.put_back(write) == (1, 0)
    assert [one.exchange_ids for one in letters.letters() if one] == [["meanwhile"]]


def test_who_dies_in_the_middle_of_putting_back_loses_none(tmp_path: Path) -> None:
    letters = letters_in(tmp_path)
    letters.keep(exchange("one"))
    letters.keep(exchange("two"))

    def die(letter: Letter) -> None:
        raise KeyboardInterrupt  # an order: it passes the guard

    with pytest.raises(KeyboardInterrupt):
        letters.put_back(die)
    assert letters.summary().count == 2
    assert letters.put_back(lambda _: None) == (2, 0)
    assert letters.summary().count == 0


def test_many_gateways_write_to_one_file(tmp_path: Path) -> None:
    def write(number: int) -> None:
        letters = letters_in(tmp_path)
        for each in range(20):
            assert letters.keep(exchange(f"{number}-{each}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = letters_in(tmp_path).summary()
    assert (found.count, found.unread) == (80, 0)

"""Batches wait in memory, then on disk, each under its own id; what finds no place is counted."""

import errno
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tierwatch.loop.capture.backlog import waiting as module
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder, spool_files
from tierwatch.loop.capture.backlog.waiting import Waiting
from tierwatch.loop.capture.counts import WIDTH
from tierwatch.loop.capture.document import BatchDocument, new_flush


def batch(*names: str, text: str = "") -> BatchDocument:
    """A batch with an exchange of each name, counted under one key."""
    row = [60, "simple", "all", 18, 1, *[0.0] * WIDTH]
    row[5] = row[9] = len(names)
    exchanges: Any = [
        {
            "id": name,
            "arrived_at": 61.0,
            "tier": "simple",
            "task_type": "all",
            "confidence": 0.9,
            "policy_version": 1,
            "request": text,
        }
        for name in names
    ]
    return new_flush(
        counts=[row],
        boundaries=[(0, "simple", 90, len(names))],
        weights=[(0, "simple", 90, 20.0 / len(names))],
        exchanges=exchanges,
    )


class Files:
    """A `Waiting` with its files."""

    def __init__(self, folder: Path, *, most: int = 1_000_000) -> None:
        self.folder = folder / "spool"
        self.spools = SpoolFolder(self.folder, name="test", max_bytes=most)
        self.letters = DeadLetters(self.folder, max_bytes=1_000)
        self.waiting = Waiting(self.spools, self.letters)

    def drained(self) -> list[BatchDocument]:
        found: list[BatchDocument] = []

        def commit(document: BatchDocument) -> bool:
            found.append(document)
            return True

        assert self.waiting.drain(commit)
        return found


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def names(documents: list[BatchDocument]) -> list[str]:
    return [one["id"] for document in documents for one in document["exchanges"]]


def test_what_goes_through_at_once_touches_no_disk(files: Files) -> None:
    first, second = batch("a"), batch("b")
    files.waiting.put(first)
    assert files.waiting.only_fresh
    files.waiting.put(second)
    assert not files.waiting.only_fresh
    assert files.drained() == [first, second]
    assert files.waiting.empty
    assert not files.folder.exists()


def test_what_has_to_wait_stays_with_all_behind_it(files: Files) -> None:
    for name in ("a", "b", "c"):
        files.waiting.put(batch(name))
        files.waiting.settle()
    files.waiting.put(batch("d"))
    taken: list[BatchDocument] = []

    def commit(document: BatchDocument) -> bool:
        taken.append(document)
        return len(taken) < 2

    assert not files.waiting.drain(commit)
    assert names(taken) == ["a", "b"]
    assert names(files.drained()) == ["b", "c", "d"]
    assert files.waiting.empty


def test_beyond_the_limit_exchanges_are_dropped_and_their_counts_wait(tmp_path: Path) -> None:
    files = Files(tmp_path, most=10)
    for name in "abc":
        files.waiting.put(batch(name, name * 2))
        files.waiting.settle()
    assert files.waiting.dropped == 6
    # Nobody tried them: three batches of counts are one by now.
    [document] = files.drained()
    figures = Counter[str]()
    for row in document["counts"]:
        figures += Counter(requests=row[5], sampled=row[9], dropped=row[10])
    assert figures == {"requests": 6, "sampled": 6, "dropped": 6}
    assert document["boundaries"] == [(0, "simple", 90, 6)]
    assert document["weights"] == [(0, "simple", 90, 10.0)]


def test_what_may_have_been_committed_keeps_its_id_when_it_is_dropped(tmp_path: Path) -> None:
    files = Files(tmp_path, most=10)
    first, second, third = batch("a"), batch("b"), batch("c")
    files.waiting.put(first)
    assert not files.waiting.drain(lambda _: False)  # tried, and not heard of
    files.waiting.put(second)
    files.waiting.put(third)
    files.waiting.settle()
    assert [one["flush_id"] for one in files.drained()] == [first["flush_id"], second["flush_id"]]


def test_a_disk_that_takes_nothing_leaves_them_in_memory_up_to_a_bound(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: bytes) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_MOST_HELD_BYTES", 2_500)
    with monkeypatch.context() as patch:
        patch.setattr(files.spools, "append", full)
        for name in "abcdefgh":
            files.waiting.put(batch(name, text="x" * 420))  # some 760 bytes each
            files.waiting.settle()
    assert files.waiting.dropped == 5  # the newest
    files.waiting.settle()
    assert len(spool_files(files.folder)) == 1
    found = files.drained()
    assert names(found) == ["a", "b", "c"]
    assert sum(row[5] for document in found for row in document["counts"]) == 8
    assert sum(row[10] for document in found for row in document["counts"]) == 5


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b'{"flush_id": "cut in the mid', "no whole JSON"),
        (b"\xff\xfe", "no whole JSON"),
        (b"[" * 100_000, "no whole JSON"),
        (b"17", "another shape"),
        (b"[]", "another shape"),
        (b"{}", "another shape"),
        (b'{"flush_id": "no id", "counts": []}', "another shape"),
        (b'{"version": 3, "flush_id": "of a newer version"}', "another version"),
        (b'{"version": null}', "another version"),
    ],
)
def test_a_line_that_is_not_understood_is_set_aside_and_those_around_it_are_read(
    files: Files, line: bytes, cause: str
) -> None:
    files.waiting.put(batch("before"))
    files.waiting.settle()
    files.spools.append(line)
    files.waiting.put(batch("after"))
    files.waiting.settle()
    assert names(files.drained()) == ["before", "after"]
    [letter] = files.letters.letters() if len(line) < 1_000 else [None]
    if letter is None:  # too long for this bound: the whole file is kept under another name
        [kept] = files.folder.glob("capture-test.jsonl.unread-*")
        assert line in kept.read_bytes()
    else:
        assert (letter.what, letter.cause) == ("line", cause)
        assert letter.line.encode("utf-8", "surrogateescape") == line
    assert spool_files(files.folder) == []


def test_a_batch_of_the_version_before_this_is_read(files: Files) -> None:
    older: Any = batch("a")
    del older["version"]
    files.waiting.put(older)
    files.waiting.settle()
    read = {"boundaries": [[0, "simple", 90, 1]], "weights": [[0, "simple", 90, 20.0]]}
    assert files.drained() == [older | read]


def test_a_file_that_cannot_be_read_costs_itself(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.waiting.put(batch("on disk"))
    files.waiting.settle()
    files.waiting.put(batch("fresh"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", _denied)
        assert names(files.drained()) == ["fresh"]
    assert not files.waiting.empty
    assert names(files.drained()) == ["on disk"]


def _denied(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")

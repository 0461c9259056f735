"""The spool gives back what it took, in order, across crashes, within its limit."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tierwatch.loop.capture.backlog.spool import Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "capture.jsonl"


def test_batches_come_back_in_order_and_the_files_go(path: Path) -> None:
    spool = Spool(path, max_bytes=1_000)
    assert spool.empty
    assert list(spool.drain()) == []
    for document in (b'{"a":1}', b'{"b":2}', b'{"c":3}'):
        assert spool.append(document)
    assert not spool.empty
    assert list(spool.drain()) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    assert spool.empty
    assert list(path.parent.iterdir()) == []


def test_a_drain_cut_short_goes_on_with_the_batch_in_hand(path: Path) -> None:
    spool = Spool(path, max_bytes=1_000)
    for document in (b"1", b"2", b"3"):
        spool.append(document)
    drain = spool.drain()
    assert [next(drain), next(drain)] == [b"1", b"2"]
    drain.close()
    # The second was in hand when the process died: it is sent again, the first is not.
    again = Spool(path, max_bytes=1_000)
    assert not again.empty
    assert list(again.drain()) == [b"2", b"3"]


def test_what_comes_after_a_drain_cut_short_keeps_its_place(path: Path) -> None:
    spool = Spool(path, max_bytes=1_000)
    spool.append(b"1")
    spool.append(b"2")
    drain = spool.drain()
    next(drain)
    next(drain)
    drain.close()
    spool.append(b"3")
    assert list(spool.drain()) == [b"2", b"3"]


def test_the_limit_counts_the_line_break(path: Path) -> None:
    # Two batches of 4 bytes and a line break each fill 10 bytes.
    spool = Spool(path, max_bytes=10)
    assert spool.append(b"1234")
    assert spool.append(b"5678")
    assert not spool.append(b"")
    assert list(spool.drain()) == [b"1234", b"5678"]
    assert not spool.append(b"0123456789")
    assert spool.empty


def test_a_line_cut_by_a_crash_stays_a_line_of_its_own(path: Path) -> None:
    spool = Spool(path, max_bytes=1_000)
    spool.append(b"1")
    with path.open("ab") as file:
        file.write(b'{"cut')
    spool.append(b"2")
    assert list(spool.drain()) == [b"1", b'{"cut', b"2"]


def test_a_damaged_cursor_starts_from_the_beginning(path: Path) -> None:
    spool = Spool(path, max_bytes=1_000)
    spool.append(b"1")
    path.with_name("capture.jsonl.cursor").write_text("nonsense")
    assert list(spool.drain()) == [b"1"]


DOCUMENTS = st.binary(min_size=1, max_size=12).filter(lambda document: document.strip() == document)


class SpoolAcrossCrashes(RuleBasedStateMachine):
    """Batches wait in order whatever is cut short; each is given once, or once more if in hand."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "spool" / "capture.jsonl"
        self.spool = Spool(self.path, max_bytes=200)
        self.waiting: list[bytes] = []
        self.size = 0

    @rule(document=DOCUMENTS.filter(lambda document: b"\n" not in document))
    def append(self, document: bytes) -> None:
        fits = self.size + len(document) + 1 <= 200
        assert self.spool.append(document) == fits
        if fits:
            self.waiting.append(document)
            self.size += len(document) + 1

    @rule()
    def drain(self) -> None:
        assert list(self.spool.drain()) == self.waiting
        self.waiting, self.size = [], 0

    @precondition(lambda self: len(self.waiting) > 1)
    @rule(data=st.data())
    def drain_cut_short(self, data: st.DataObject) -> None:
        drain = self.spool.drain()
        taken = data.draw(st.integers(1, len(self.waiting)))
        assert [next(drain) for _ in range(taken)] == self.waiting[:taken]
        drain.close()
        # The last one was in hand; those before it are done. Their bytes stay until the end.
        self.waiting = self.waiting[taken - 1 :]

    @rule()
    def another_process_takes_over(self) -> None:
        self.spool = Spool(self.path, max_bytes=200)

    @invariant()
    def it_is_empty_when_nothing_waits(self) -> None:
        assert self.spool.empty == (not self.waiting)

    @invariant()
    def it_keeps_within_its_limit(self) -> None:
        assert not self.path.exists() or self.path.stat().st_size <= 200

    def teardown(self) -> None:
        self.folder.cleanup()


SpoolAcrossCrashes.TestCase.settings = settings(max_examples=60, deadline=None)
TestSpoolAcrossCrashes = SpoolAcrossCrashes.TestCase


@settings(deadline=None)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), st.integers(1, 60))
def test_a_file_cut_anywhere_gives_whole_batches_and_one_that_is_not(
    documents: list[bytes], cut: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.jsonl"
        spool = Spool(path, max_bytes=1_000)
        documents = [document.replace(b"\n", b"") or b"x" for document in documents]
        for document in documents:
            spool.append(document)
        path.write_bytes(path.read_bytes()[:-cut])
        spool.append(b"after")
        given_back = list(spool.drain())
        assert given_back[-1] == b"after"
        whole = [line for line in given_back[:-1] if line in documents]
        assert whole == documents[: len(whole)]
        assert len(given_back) - 1 - len(whole) <= 1

"""The spool gives back what it took, in order, across crashes, within its limit."""

from pathlib import Path

import pytest

from tierwatch.loop.capture.spool import Spool


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

"""What was acknowledged waits on disk: in order, once, across processes, within its bound."""

from pathlib import Path

import pytest

from tierwatch.intake.keeping.journal import Journal


def journal(folder: Path, **options: int) -> Journal:
    return Journal(folder, port=8422, max_bytes=options.pop("max_bytes", 10_000), **options)


def drained(journal: Journal) -> list[bytes]:
    found: list[bytes] = []

    def take(lines: list[bytes]) -> bool:
        found.extend(lines)
        return True

    assert journal.drain(take)
    return found


def test_lines_come_out_in_their_order_and_once(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    assert [kept.append(b"line %d" % n) for n in range(3)] == [True] * 3
    assert kept.waiting_bytes == 3 * len(b"line 0\n")
    assert drained(kept) == [b"line 0", b"line 1", b"line 2"]
    assert (drained(kept), kept.waiting_bytes) == ([], 0)
    kept.close()


def test_lines_that_have_to_wait_are_the_next_ones_again(tmp_path: Path) -> None:
    kept = journal(tmp_path, group_bytes=len(b"line 0\n") + 1)
    for n in range(5):
        kept.append(b"line %d" % n)
    seen: list[list[bytes]] = []

    def take(lines: list[bytes]) -> bool:
        seen.append(lines)
        return len(seen) < 2

    assert not kept.drain(take)
    assert seen == [[b"line 0", b"line 1"], [b"line 2", b"line 3"]]
    assert drained(kept) == [b"line 2", b"line 3", b"line 4"]
    kept.close()


def test_beyond_its_bound_it_takes_nothing_until_it_is_drained(tmp_path: Path) -> None:
    kept = journal(tmp_path, max_bytes=30)
    assert kept.append(b"x" * 20)
    assert not kept.append(b"y" * 20)
    assert drained(kept) == [b"x" * 20]
    assert kept.append(b"y" * 20)
    kept.close()


def test_a_file_that_has_grown_is_followed_by_the_next(tmp_path: Path) -> None:
    kept = journal(tmp_path, segment_bytes=40)
    for n in range(10):
        assert kept.append(b"a line of twenty-%03d" % n)
    assert len(list((tmp_path / "intake").glob("*.jsonl"))) > 3
    assert len(drained(kept)) == 10
    assert list((tmp_path / "intake").glob("*.jsonl")) == []
    kept.close()


def test_what_a_dead_process_left_is_adopted_and_what_a_living_one_has_is_not(
    tmp_path: Path,
) -> None:
    dead, alive, new = journal(tmp_path), journal(tmp_path), journal(tmp_path)
    dead.append(b"left behind")
    alive.append(b"mine")
    dead.close()  # the lock goes with a process, however that ends
    new.adopt()
    assert drained(new) == [b"left behind"]
    assert drained(alive) == [b"mine"]
    alive.close()
    new.close()


def test_a_disk_that_takes_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "intake").write_text("no folder")
    kept = journal(tmp_path)
    with pytest.raises(OSError, match="intake"):
        kept.append(b"line")
    kept.close()

"""Groups of batches: read together, written together, acknowledged after that."""

import uuid
from pathlib import Path
from typing import Any, cast

import pytest
from fakes.waiting import until

from tierwatch.faults import FAULTS
from tierwatch.intake.calls import Call, Readings
from tierwatch.intake.keeping.frames import AdmittedCall, Frame, read_frame
from tierwatch.intake.keeping.journal import Journal
from tierwatch.intake.keeping.receiving import Delivery, Outcome, Receiving
from tierwatch.intake.sources import Source
from tierwatch.intake.unreadable import UnreadableError


class Admits:
    """Stands in for `Admitting`: a call whose id is ``bad`` fails."""

    def admit(self, call: Call, source: str, received_at: float) -> AdmittedCall:
        if call.source_id == "bad":
            raise RuntimeError("a mistake")
        return AdmittedCall(uuid.uuid5(uuid.NAMESPACE_OID, call.source_id), source, None, ())


def read(body: bytes, media_type: str) -> Readings:
    """A line a call; what a test asks for by name."""
    if body == b"unreadable":
        raise UnreadableError("found nothing")
    if body == b"broken":
        raise RuntimeError("a mistake of the reader's")
    calls = [
        Call(one, "", "", 0.0, "a", "m", "", {}, None, None, finished=False)
        for one in body.decode().split()
    ]
    return Readings(tuple(calls), {"frame": 1} if media_type == "framed" else {})


KIND = Source("outcomes", read)


class Group:
    def __init__(self, folder: Path, *, max_bytes: int = 100_000, most_waiting: int = 100) -> None:
        self.journal = Journal(folder, port=1, max_bytes=max_bytes)
        self.outcomes: list[Outcome] = []
        self.written = 0
        self.receiving = Receiving(
            cast("Any", Admits()),
            self.journal,
            most_body=1_000,
            most_waiting=most_waiting,
            written=self.note,
        )

    def note(self) -> None:
        self.written += 1

    def delivery(self, body: bytes, *, media_type: str = "", source: str = "app") -> Delivery:
        return Delivery(source, KIND, body, "", media_type, 1.0, self.outcomes.append)

    def frames(self) -> list[Frame]:
        found: list[Frame] = []

        def take(lines: list[bytes]) -> bool:
            found.extend(map(read_frame, lines))
            return True

        self.journal.drain(take)
        return found


@pytest.fixture
def group(tmp_path: Path) -> Group:
    return Group(tmp_path)


def test_a_group_is_one_frame_and_each_batch_has_its_answer(group: Group) -> None:
    group.receiving.write(
        [
            group.delivery(b"a b", media_type="framed"),
            group.delivery(b"c", source="proxy"),
            group.delivery(b"unreadable"),
        ]
    )
    assert [(one.status, one.calls) for one in group.outcomes] == [(202, 2), (202, 1), (400, 0)]
    assert (group.outcomes[2].problem, group.written) == ("found nothing", 1)
    (frame,) = group.frames()
    assert [one.source for one in frame.calls] == ["app", "app", "proxy"]
    assert frame.counted == {"app": {"frame": 1, "unread": 1}}


def test_a_reader_that_fails_is_no_guess_and_costs_its_batch_alone(group: Group) -> None:
    before = FAULTS.counts().get(("intake: read", "RuntimeError"), 0)
    group.receiving.write([group.delivery(b"broken"), group.delivery(b"a")])
    assert [one.status for one in group.outcomes] == [400, 202]
    assert FAULTS.counts()["intake: read", "RuntimeError"] == before + 1


def test_a_call_that_cannot_be_admitted_costs_itself(group: Group) -> None:
    group.receiving.write([group.delivery(b"a bad b")])
    assert group.outcomes[0].calls == 2
    assert group.outcomes[0].counted.counted == {"unadmitted": 1}


def test_a_group_without_a_place_is_refused_whole_and_counted_with_the_next(
    tmp_path: Path,
) -> None:
    group = Group(tmp_path, max_bytes=300)
    many = b" ".join(b"%d" % n for n in range(30))
    group.receiving.write([group.delivery(many), group.delivery(b"unreadable")])
    assert [one.status for one in group.outcomes] == [429, 400]
    assert group.frames() == []
    group.receiving.write([group.delivery(b"a")])
    (frame,) = group.frames()
    assert frame.counted == {"app": {"shed": 2}}


def test_a_disk_that_fails_refuses_and_loses_no_count(tmp_path: Path) -> None:
    (tmp_path / "intake").write_text("no folder")
    group = Group(tmp_path)
    group.receiving.shed("proxy")
    group.receiving.write([group.delivery(b"a")])
    assert [one.status for one in group.outcomes] == [429]
    (tmp_path / "intake").unlink()
    group.receiving.write([group.delivery(b"a")])
    (frame,) = group.frames()
    assert frame.counted == {"proxy": {"shed": 1}, "app": {"shed": 1}}


def test_more_than_may_wait_is_refused_at_once(tmp_path: Path) -> None:
    group = Group(tmp_path, most_waiting=10)
    assert group.receiving.offer(group.delivery(b"12345678"))
    assert not group.receiving.offer(group.delivery(b"123"))
    assert group.receiving.offer(group.delivery(b"12"))
    assert group.receiving.waiting_bytes == 10


def test_what_is_larger_than_a_body_may_be_never_waits(group: Group) -> None:
    """Neither for room that there will not be, nor in memory; it is answered in its turn."""
    assert group.receiving.offer(group.delivery(b"x" * 1_001))
    assert group.receiving.waiting_bytes == 0
    group.receiving.start()
    group.receiving.stop(within_s=30)
    assert [(one.status, one.calls) for one in group.outcomes] == [(413, 0)]
    assert group.outcomes[0].problem
    (frame,) = group.frames()
    assert frame.counted == {"app": {"unread": 1}}


def test_the_thread_takes_what_came_and_ends_with_the_last_of_it(group: Group) -> None:
    group.receiving.offer(group.delivery(b"a"))
    group.receiving.start()
    until(lambda: len(group.outcomes) == 1)
    group.receiving.offer(group.delivery(b"b"))
    group.receiving.stop(within_s=30)
    assert not group.receiving.alive
    assert [one.status for one in group.outcomes] == [202, 202]
    assert group.receiving.waiting_bytes == 0


def test_counts_of_the_last_moment_are_written_at_the_end(group: Group) -> None:
    group.receiving.shed("app")
    group.receiving.start()
    group.receiving.stop(within_s=30)
    (frame,) = group.frames()
    assert frame.counted == {"app": {"shed": 1}}

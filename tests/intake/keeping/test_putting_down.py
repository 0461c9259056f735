"""From the journal to Postgres, once: repeats, crashes, outages and what Postgres refuses."""

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import TIERS, decided, rows, scalar, served
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from tierwatch.dispatch import KeptDispatch
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.intake.keeping import putting_down
from tierwatch.intake.keeping.frames import AdmittedCall, Frame
from tierwatch.intake.keeping.journal import Journal
from tierwatch.intake.keeping.putting_down import PuttingDown
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.counts import Batch
from tierwatch.loop.capture.document import BatchDocument, batch_document
from tierwatch.loop.capture.postgres import add_parts

DRAW = Draw(TIERS, SamplingPlan(1.0))
DAY = dt.date(2026, 11, 30)


def document(**changes: Any) -> BatchDocument:
    batch = Batch()
    DRAW.of(served(decided(), **changes)).add_to(batch, number=1, room=1)
    return batch_document(
        batch, redact=lambda text: text, digest_key=b"key", fail=lambda _, cause: pytest.fail(cause)
    )


def admitted(key: int = 1, whole: BatchDocument | None = None, source: str = "app") -> AdmittedCall:
    return AdmittedCall(uuid.UUID(int=key), source, whole or document(), ("sampled",))


class Storing:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.journal = Journal(folder, port=1, max_bytes=1_000_000)
        self.letters = DeadLetters(folder, max_bytes=1_000_000)
        self.dispatch = KeptDispatch()
        self.followed = 0
        self.told = 0
        self.thread = self.another(engine)

    def another(self, engine: Engine) -> PuttingDown:
        return PuttingDown(
            engine=engine,
            dispatch=self.dispatch,
            journal=self.journal,
            letters=self.letters,
            after=self.follow,
        )

    def follow(self, stored: int) -> None:
        self.followed += 1
        self.told = stored

    def put(self, *calls: AdmittedCall, counted: dict[str, dict[str, int]] | None = None) -> None:
        assert self.journal.append(Frame(calls, counted or {}, DAY).line)

    def counts(self) -> dict[str, int]:
        found = rows(self.engine, "select what, sum(calls)::int from source_counts group by 1")
        return dict(found)


@pytest.fixture
def storing(engine: Engine, tmp_path: Path) -> Iterator[Storing]:
    storing = Storing(engine, tmp_path)
    yield storing
    storing.journal.close()


def test_a_frame_is_stored_and_its_exchanges_are_sent(storing: Storing) -> None:
    storing.put(admitted(1), admitted(2), counted={"app": {"frame": 3}})
    storing.thread.round()
    assert scalar(storing.engine, "select count(*) from exchanges") == 2
    assert storing.counts() == {"calls": 2, "sampled": 2, "frame": 3}
    assert len(storing.dispatch.sent) == 2
    assert (storing.thread.stored, storing.thread.repeats, storing.told) == (2, 0, 2)


def test_a_call_counts_once_within_and_across_frames(storing: Storing) -> None:
    storing.put(admitted(1), admitted(1), admitted(2))
    storing.put(admitted(2))
    storing.thread.round()
    storing.put(admitted(1))
    storing.thread.round()
    assert scalar(storing.engine, "select sum(requests)::int from rollups") == 2
    assert storing.counts() == {"calls": 2, "sampled": 2, "repeat": 3}


def test_a_commit_that_was_not_heard_of_adds_nothing_when_it_is_read_again(
    storing: Storing,
) -> None:
    frame = Frame([admitted(1)], {"app": {"frame": 1}}, DAY)
    for _ in range(2):
        storing.journal.append(frame.line)
        storing.thread.round()
    assert storing.counts() == {"calls": 1, "sampled": 1, "frame": 1}


def test_frames_that_wait_are_stored_in_one_transaction(storing: Storing) -> None:
    for key in range(1, 6):
        storing.put(admitted(key), counted={"app": {"frame": 1}})
    commits: list[object] = []
    note = commits.append
    event.listen(storing.engine, "commit", note)
    storing.thread.round()
    event.remove(storing.engine, "commit", note)
    assert storing.counts() == {"calls": 5, "sampled": 5, "frame": 5}
    assert len(commits) == 1


def test_of_frames_that_are_read_again_those_that_are_there_add_nothing(storing: Storing) -> None:
    frames = [Frame([admitted(key)], {"app": {"frame": 1}}, DAY) for key in range(1, 4)]
    for lines in (frames[:1], frames, frames[2:]):  # a crash leaves the cursor anywhere
        for frame in lines:
            storing.journal.append(frame.line)
        storing.thread.round()
    assert storing.counts() == {"calls": 3, "sampled": 3, "frame": 3}


def test_a_frame_that_postgres_refuses_costs_those_beside_it_nothing(storing: Storing) -> None:
    bad = document()
    bad["exchanges"][0]["pi"] = 7.5
    storing.put(admitted(1))
    storing.put(admitted(2, bad), admitted(3), counted={"app": {"frame": 1}})
    storing.put(admitted(4))
    storing.thread.round()
    assert storing.counts() == {"calls": 3, "sampled": 3, "frame": 1, "refused": 1}
    assert storing.letters.kept == 1


def test_an_outage_amid_a_frame_that_goes_call_by_call_loses_none_of_its_calls(
    storing: Storing, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = document()
    bad["exchanges"][0]["pi"] = 7.5
    storing.put(admitted(1), admitted(2, bad), admitted(3), counted={"app": {"frame": 1}})
    tries = iter(range(100))

    def failing(connection: Connection, document: BatchDocument) -> list[uuid.UUID]:
        if next(tries) == 3:  # together, alone, the first call, and now the one that is refused
            raise OperationalError("insert", {}, Exception("the server closed the connection"))
        return add_parts(connection, document)

    monkeypatch.setattr(putting_down, "add_parts", failing)
    storing.thread.round()
    assert storing.thread.away
    storing.thread.round()
    assert scalar(storing.engine, "select count(*) from exchanges") == 2
    counts = storing.counts()
    assert (counts["calls"], counts["frame"], counts["refused"]) == (2, 1, 1)


def test_a_call_without_a_tier_is_counted_under_its_source_alone(storing: Storing) -> None:
    storing.put(AdmittedCall(uuid.UUID(int=1), "app", None, ("outside:intake_unplaced",)))
    storing.thread.round()
    assert storing.counts() == {"calls": 1, "outside:intake_unplaced": 1}
    assert scalar(storing.engine, "select count(*) from rollups") == 0


def test_while_postgres_is_away_frames_wait_and_are_stored_later(storing: Storing) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    away = storing.another(nowhere)
    storing.put(admitted(1))
    away.round()
    assert (away.away, away.stored, storing.followed) == (True, 0, 0)
    assert storing.journal.waiting_bytes > 0
    nowhere.dispose()
    storing.thread.round()
    assert not storing.thread.away
    assert (storing.counts()["calls"], storing.journal.waiting_bytes) == (1, 0)


def test_what_postgres_refuses_costs_itself_and_is_a_letter(storing: Storing) -> None:
    bad = document()
    bad["exchanges"][0]["pi"] = 7.5  # no probability: a constraint refuses it
    storing.put(admitted(1), admitted(2, bad), admitted(3), counted={"app": {"frame": 1}})
    storing.thread.round()
    assert scalar(storing.engine, "select count(*) from exchanges") == 2
    assert storing.counts() == {"calls": 2, "sampled": 2, "frame": 1, "refused": 1}
    assert storing.letters.kept == 1


def test_a_line_that_is_no_frame_is_a_letter_and_holds_up_nothing(storing: Storing) -> None:
    storing.journal.append(b'{"version": 1}')
    storing.put(admitted(1))
    storing.thread.round()
    assert (storing.counts()["calls"], storing.letters.kept) == (1, 1)


def test_the_thread_stores_when_it_is_woken_and_what_is_left_when_it_ends(
    storing: Storing,
) -> None:
    storing.put(admitted(1))
    storing.thread.start()
    storing.thread.wake()
    storing.put(admitted(2))
    storing.thread.stop(within_s=30)
    assert not storing.thread.alive
    assert storing.counts()["calls"] == 2


def test_what_a_watched_router_runs_with_is_kept_apart_from_the_counts(storing: Storing) -> None:
    seen = admitted(1)._replace(whats=("sampled", 'thresholds:{"simple":0.85}'))
    storing.put(seen, admitted(2))
    storing.put(seen)  # a repeat is no news
    storing.thread.round()
    found = rows(storing.engine, "select source, thresholds, calls from seen_thresholds")
    assert found == [("app", {"simple": 0.85}, 1)]
    assert storing.counts() == {"calls": 2, "sampled": 2, "repeat": 1}

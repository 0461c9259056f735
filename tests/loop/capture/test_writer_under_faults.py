"""Whatever is raised wherever: each exchange is stored, counted as dropped or a dead letter, once.

Real Postgres, real files; exceptions of every kind before and after what happens at each seam.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fakes.collaborators import build_recorder, counts, rows, served
from fakes.seams import FAULTS, Seams
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.recorder import CaptureRecorder

SEAMS = (
    "take redact document follow adopt reach commit add apart send waiting append"
    " append_lines append_letter keep_cursor"
)
NAMES = [name.replace("_", " ") for name in SEAMS.split()]

Fault = tuple[str, str, bool]
# Two seconds' worth; `slow` below goes on where this ends.
usual = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
faults = st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(FAULTS)), st.booleans())
# What happens between two flushes: so many exchanges, and these faults during the flush.
moments = st.lists(st.tuples(st.integers(0, 3), st.lists(faults, max_size=3)), max_size=8)


class Tally(NamedTuple):
    """What became of the exchanges of one example."""

    stored: list[uuid.UUID]
    requests: int
    sampled: int
    dropped: int
    letters: list[Letter]


def flushed(recorder: CaptureRecorder) -> None:
    """Flush as the writer does, in a thread that is not the main one."""
    raised: list[BaseException] = []

    def flush() -> None:
        try:
            recorder.flush()
        except BaseException as error:  # noqa: BLE001 - nothing must come out
            raised.append(error)

    thread = threading.Thread(target=flush)
    thread.start()
    thread.join()
    assert raised == []


def tally(engine: Engine, folder: Path) -> Tally:
    letters = [one for one in DeadLetters(folder / "spool", max_bytes=1).letters() if one]
    flushes = {str(row.id) for row in rows(engine, "select id from rollup_flushes")}
    # Of what was added after all, putting it back adds nothing.
    open_letters = [
        one for one in letters if one.document is None or one.document["flush_id"] not in flushes
    ]
    return Tally(
        [row.id for row in rows(engine, "select id from exchanges")], *counts(engine), open_letters
    )


def assert_each_once(recorded: set[uuid.UUID], found: Tally) -> None:
    """Requests that are counted or in a letter, exchanges that are stored, dropped or in one."""
    batches = [one.document for one in found.letters if one.what == "batch" and one.document]
    in_batches = [row for document in batches for row in document["counts"]]
    assert found.requests + sum(row[5] for row in in_batches) == len(recorded)
    assert found.sampled + sum(row[9] for row in in_batches) == len(recorded)
    waiting_in_batches = sum(len(document["exchanges"]) for document in batches)
    # Rows of a batch letter may hold exchanges that were dropped before the batch failed.
    dropped = found.dropped + sum(row[10] for row in in_batches)
    assert len(found.stored) + dropped + waiting_in_batches == len(recorded)
    assert len(set(found.stored)) == len(found.stored)
    assert set(found.stored) <= recorded
    in_letters = [name for one in found.letters for name in one.exchange_ids]
    assert len(set(in_letters)) == len(in_letters)
    assert not set(in_letters) & {str(one) for one in found.stored}


@pytest.fixture
def clean(engine: Engine) -> Iterator[Any]:
    """Empties what an example left."""

    def empty() -> None:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "truncate exchanges, exchange_texts, attempts, rollups, rollup_flushes,"
                    " boundary_counts"
                )
            )

    yield empty
    empty()


@usual
@given(moments=moments, most=st.sampled_from([10, 4_000, 1_000_000]))
@example(
    moments=[(2, [("commit", "anything", True)]), (0, [("commit", "anything", True)])], most=10
)
@example(moments=[(2, [("add", "a value", True), ("append letter", "full disk", False)])], most=10)
@example(moments=[(2, [("commit", "postgres away", True), ("append", "full disk", True)])], most=10)
@example(
    moments=[(1, [("redact", "exit", False)]), (1, [("document", "anything", False)])], most=10
)
@example(
    moments=[(2, [("commit", "postgres full", False), ("append lines", "full disk", False)])] * 3,
    most=1_000_000,
)
@example(moments=[(2, [("commit", "anything", False)])] * 3, most=1_000_000)
@example(
    moments=[
        (1, [("commit", "a shape", False), ("append", "a shape", True)]),
        (0, [("commit", "a shape", False)]),
    ],
    most=1_000_000,
)
def test_after_any_faults_each_exchange_is_somewhere_once(
    engine: Engine,
    tmp_path_factory: pytest.TempPathFactory,
    clean: Any,
    moments: list[tuple[int, list[Fault]]],
    most: int,
) -> None:
    survive(engine, tmp_path_factory, clean, moments, most)


def survive(
    engine: Engine,
    folders: pytest.TempPathFactory,
    clean: Any,
    moments: list[tuple[int, list[Fault]]],
    most: int,
) -> None:
    """Record and flush under faults, then without; see what became of each exchange."""
    clean()
    folder = folders.mktemp("faults")
    recorded = set()
    with pytest.MonkeyPatch.context() as patch:
        seams = Seams(patch)
        recorder = build_recorder(
            engine, KeptDispatch(), folder, spool_max_bytes=most, redact=seams.redact
        )
        seams.into(recorder)
        for many, during in moments:
            for _ in range(many):
                exchange = served()
                recorder.record(exchange)
                recorded.add(exchange.exchange_id)
            for name, fault, after in during:
                seam = seams.at[name]
                seam.fault, seam.after = fault, after and name not in seams.BEFORE_ONLY
            flushed(recorder)
            seams.quiet()
        for _ in range(3):  # what failed once is tried alone in the flush after
            flushed(recorder)
        assert recorder._waiting.empty
        assert recorder.state().behind_s < 5
    assert_each_once(recorded, tally(engine, folder))
    recorder.stop()


@pytest.mark.slow
@settings(usual, max_examples=400)
@given(moments=moments, most=st.sampled_from([10, 4_000, 1_000_000]))
def test_after_any_faults_each_exchange_is_somewhere_once_at_length(
    engine: Engine,
    tmp_path_factory: pytest.TempPathFactory,
    clean: Any,
    moments: list[tuple[int, list[Fault]]],
    most: int,
) -> None:
    survive(engine, tmp_path_factory, clean, moments, most)


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("name", NAMES)
def test_the_thread_lives_through_each_fault_at_each_seam(
    name: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a database: what counts here is that the thread goes on."""
    seams = Seams(monkeypatch)
    nobody: Any = _NoEngine()
    recorder = build_recorder(
        nobody, KeptDispatch(), tmp_path, redact=seams.redact, flush_every_s=0.001
    )
    seams.into(recorder)
    flushes = _counted(recorder, monkeypatch)
    recorder.start()
    for after in (False, True):
        seams.at[name].fault, seams.at[name].after = fault, after
        recorder.record(served())
        wait_for(flushes, more=3)
    seams.quiet()
    wait_for(flushes, more=2)
    assert recorder.state().writer_alive
    recorder.stop()
    assert not recorder.state().writer_alive


class _NoEngine:
    """A Postgres that refuses everybody."""

    def connect(self) -> None:
        error = FAULTS["postgres away"]()
        raise error

    begin = connect


def _counted(recorder: CaptureRecorder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    flushes: list[int] = []
    flush = recorder._writer.flush

    def counted() -> None:
        flush()
        flushes.append(1)

    monkeypatch.setattr(recorder._writer, "flush", counted)
    return flushes


def wait_for(flushes: list[int], *, more: int) -> None:
    until = time.monotonic() + 20
    wanted = len(flushes) + more
    while len(flushes) < wanted:
        assert time.monotonic() < until
        time.sleep(0.001)

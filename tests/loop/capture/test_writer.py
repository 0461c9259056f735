"""The writer survives Postgres, and a spool that is full or cut."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes.collaborators import build_recorder, counts, decided, rows, scalar, served
from fakes.outage import Outage
from sqlalchemy import Engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.faults import FAULTS
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder, spool_files
from tierwatch.loop.capture.recorder import CaptureRecorder


def test_postgres_away_spools_and_drains_in_order(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    numbers = []
    for _ in range(3):
        exchange = served()
        numbers.append(exchange.exchange_id)
        recorder.record(exchange)
        recorder.flush()
    assert recorder.away
    assert dispatch.sent == []
    outage.end()
    recorder.record(served())
    recorder.flush()
    assert not recorder.away
    assert counts(engine) == (4, 4, 0)
    assert [sent[1] for sent in dispatch.sent[:3]] == numbers
    assert spool_files(tmp_path / "spool") == []


def test_a_full_spool_drops_the_exchanges_and_keeps_the_counts(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path, spool_max_bytes=10)
    recorder.record(served())
    recorder.flush()
    assert recorder.dropped_total == 1
    outage.end()
    recorder.flush()
    assert counts(engine) == (1, 1, 1)
    assert scalar(engine, "select count(*) from exchanges") == 0


def test_an_outage_between_two_flushes_loses_no_count(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path, spool_max_bytes=2_500)
    seen = 0
    for round_number in range(6):
        (outage.end if round_number in {0, 4} else outage.begin)()
        for _ in range(3):
            recorder.record(served())
            seen += 1
        recorder.flush()
        assert recorder.away == (round_number not in {0, 4})
    outage.end()
    recorder.flush()
    requests, sampled, dropped = counts(engine)
    # Whatever found no place in the spool is counted all the same, as dropped.
    assert (requests, sampled) == (seen, seen)
    assert dropped == recorder.dropped_total > 0
    assert scalar(engine, "select count(*) from exchanges") == seen - dropped


def test_counts_that_found_no_place_are_carried_until_they_do(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path, spool_max_bytes=10)
    for _ in range(3):
        recorder.record(served())
        recorder.flush()
    assert recorder.dropped_total == 3
    outage.end()
    recorder.flush()
    recorder.flush()
    assert counts(engine) == (3, 3, 3)
    assert (
        scalar(engine, "select sum(requests) from boundary_counts where boundary = 'simple'") == 3
    )


def test_a_batch_cut_by_a_crash_costs_only_itself(
    engine: Engine, dispatch: KeptDispatch, outage: Outage, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    recorder.record(served())
    recorder.flush()
    spool = tmp_path / "spool" / "capture-test.jsonl"
    whole = spool.read_bytes()
    spool.write_bytes(whole[: len(whole) // 2] + b"\n" + whole)
    outage.end()
    recorder.flush()
    assert counts(engine) == (1, 1, 0)
    assert not spool.exists()


def test_the_spool_is_left_alone_while_postgres_is_away(
    outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    recorder.record(served())
    recorder.flush()
    spool = tmp_path / "spool" / "capture-test.jsonl"
    before = spool.read_bytes()
    recorder.flush()
    assert spool.read_bytes() == before
    assert not spool.with_suffix(".jsonl.cursor").exists()


def test_nothing_recorded_is_nothing_written(
    engine: Engine, recorder: CaptureRecorder, tmp_path: Path
) -> None:
    recorder.flush()
    assert scalar(engine, "select count(*) from rollup_flushes") == 0
    assert not (tmp_path / "spool").exists()


def test_the_thread_flushes_by_itself_and_once_more_at_the_end(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, flush_every_s=0.01)
    recorder.start()
    recorder.record(served())
    until = time.monotonic() + 10
    while counts(engine)[0] == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert counts(engine) == (1, 1, 0)
    recorder.record(served())
    recorder.stop()
    assert counts(engine) == (2, 2, 0)
    assert [thread.name for thread in threading.enumerate()].count("capture") == 0


def test_each_flush_that_finds_postgres_away_is_counted_and_says_nothing_of_what_it_held(
    outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    key = ("capture: postgres away", "OperationalError")
    before = FAULTS.counts().get(key, 0)
    with structlog.testing.capture_logs() as logs:
        for away in (True, True, False, True):
            (outage.begin if away else outage.end)()
            recorder.record(served())
            recorder.flush()
    assert FAULTS.counts()[key] == before + 3
    assert "What is 2 + 2?" not in str(logs)


def test_a_number_that_the_spool_cannot_write_does_not_end_capture(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    recorder.record(served(request={"messages": [], "seed": 10**30}))
    recorder.flush()
    outage.end()
    recorder.flush()
    assert scalar(engine, "select request ->> 'seed' from exchange_texts") == str(10**30)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_every_request_is_counted_once(
    engine: Engine, outage: Outage, tmp_path: Path, seed: int
) -> None:
    """Outages, full buffers, full spools and a broker that comes and goes, in any order."""
    chance = random.Random(seed)
    dispatch = KeptDispatch()
    recorder = build_recorder(
        outage.engine,
        dispatch,
        tmp_path,
        buffer=4,
        spool_max_bytes=chance.choice((10, 3_000, 10**6)),
    )
    recorded = []
    for _ in range(40):
        step = chance.random()
        if step < 0.6:
            for _ in range(chance.randint(1, 6)):
                exchange = served(decided(chance.choice(("simple", "standard", "complex")), 0.5))
                recorder.record(exchange)
                recorded.append(exchange.exchange_id)
        elif step < 0.8:
            recorder.flush()
        else:
            chance.choice((outage.begin, outage.end))()
    outage.end()
    recorder.flush()
    recorder.flush()  # what the spool had no room for is carried to the flush after
    requests, sampled, dropped = counts(engine)
    assert requests == sampled == len(recorded)
    assert dropped == recorder.dropped_total
    stored = {row.id for row in rows(engine, "select id from exchanges")}
    assert len(stored) == sampled - dropped
    assert stored <= set(recorded)
    # Each that is stored was sent to the workers, once.
    assert sorted(sent[1] for sent in dispatch.sent) == sorted(stored)
    assert scalar(
        engine, "select sum(requests) from boundary_counts where boundary = 'simple'"
    ) == (len(recorded))


def made_read_only(engine: Engine, *, read_only: bool) -> None:
    """As a standby after a failover, or a service that protects a full disk."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.execute(text("select current_database()")).scalar()
        value = "on" if read_only else "off"
        # A session that is read-only by default can still undo that.
        connection.execute(text("set default_transaction_read_only = off"))
        connection.execute(
            text(f"alter database {name} set default_transaction_read_only = {value}")
        )
    engine.dispose()


def test_a_postgres_that_only_reads_is_away_and_everything_is_there_afterwards(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, flush_every_s=0.02)
    recorder.start()
    recorder.record(served())
    made_read_only(engine, read_only=True)
    for _ in range(3):
        recorder.record(served())
        time.sleep(0.1)
    assert recorder.away
    assert recorder.state().writer_alive
    made_read_only(engine, read_only=False)
    recorder.record(served())
    recorder.stop()
    assert counts(engine) == (5, 5, 0)
    assert scalar(engine, "select count(*) from exchanges") == 5
    assert recorder.state().spool_bytes == 0


@pytest.mark.parametrize("table", ["rollups", "exchange_texts", "rollup_flushes"])
def test_a_privilege_that_is_missing_makes_everything_wait_for_it(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path, table: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"revoke insert on {table} from current_user"))
    recorder = build_recorder(engine, dispatch, tmp_path)
    recorder.record(served())
    recorder.flush()
    assert recorder.away
    assert recorder.state().spool_bytes > 0
    assert counts(engine) == (0, 0, 0)
    with engine.begin() as connection:
        connection.execute(text(f"grant insert on {table} to current_user"))
    recorder.flush()
    assert counts(engine) == (1, 1, 0)
    assert recorder.state().dead_letters == 0


@pytest.mark.parametrize("error", [ValueError, SystemExit, RecursionError, MemoryError])
def test_a_redactor_that_raises_on_one_text_costs_that_exchange(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path, error: type[BaseException]
) -> None:
    def redact(words: str) -> str:
        if "unspeakable" in words:
            raise error(words)
        return words

    recorder = build_recorder(engine, dispatch, tmp_path, redact=redact)
    bad = served(request={"messages": [{"role": "user", "content": "the unspeakable"}]})
    for exchange in (served(), bad, served()):
        recorder.record(exchange)
    in_a_thread(recorder.flush)
    assert counts(engine) == (3, 3, 1)
    assert scalar(engine, "select count(*) from exchanges") == 2
    [letter] = DeadLetters(tmp_path / "spool", max_bytes=1).letters()
    assert letter is not None
    assert (letter.what, letter.cause) == ("redaction", error.__name__)
    assert letter.exchange_ids == [str(bad.exchange_id)]
    # What could not be redacted is nowhere on disk.
    files = [path.read_bytes() for path in (tmp_path / "spool").iterdir()]
    assert not any(b"unspeakable" in content for content in files)


def test_a_redactor_that_gives_no_text_costs_that_exchange(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    def redact(words: str) -> Any:
        return None if "gone" in words else words

    recorder = build_recorder(engine, dispatch, tmp_path, redact=redact)
    recorder.record(served(answer={"role": "assistant", "content": "gone"}))
    recorder.record(served())
    recorder.flush()
    assert counts(engine) == (2, 2, 1)
    assert scalar(engine, "select count(*) from exchanges") == 1


def test_a_count_beyond_bigint_ends_nothing(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path)
    recorder.record(served(prompt_tokens=2**63))
    recorder.flush()
    for _ in range(3):
        recorder.record(served())
        recorder.flush()
    assert counts(engine) == (4, 4, 1)
    assert scalar(engine, "select count(*) from exchanges") == 3
    assert recorder.dropped_total == 1


def deep(levels: int, leaf: object) -> Any:
    for _ in range(levels):
        leaf = [leaf]
    return leaf


@pytest.mark.parametrize("levels", [10, 190, 250, 400, 900])
def test_deep_requests_with_great_numbers_and_lone_surrogates_wait_in_the_spool(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path, levels: int
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    odd = {
        "messages": [],
        "seed": 10**30,
        "name": "\ud800",
        "tools": deep(levels, [10**40, "\udfff"]),
    }
    recorder.record(served(request=odd, served_model="m\ud800", session="\udc00" * 300))
    recorder.record(served(decided(label="\ud800")))
    recorder.flush()
    outage.end()
    recorder.flush()
    assert counts(engine) == (2, 2, 0)
    assert scalar(engine, "select count(*) from exchanges") == 2
    assert scalar(engine, "select request ->> 'seed' from exchange_texts limit 1") == str(10**30)


def test_a_spool_whose_folder_cannot_be_made_loses_nothing(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    for _ in range(3):
        recorder.record(served())
        recorder.flush()
    outage.end()
    recorder.flush()
    assert counts(engine) == (3, 3, 0)
    assert scalar(engine, "select count(*) from exchanges") == 3


def test_a_new_gateway_sends_what_a_dead_one_left(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    dead = build_recorder(outage.engine, dispatch, tmp_path)
    dead.record(served())
    dead.stop()
    new = build_recorder(
        engine,
        dispatch,
        tmp_path,
        spools=SpoolFolder(tmp_path / "spool", name="new", max_bytes=1_000),
    )
    new.record(served())
    new.flush()
    assert counts(engine) == (2, 2, 0)
    assert spool_files(tmp_path / "spool") == []


def test_a_stop_while_postgres_hangs_writes_to_disk_and_ends_in_time(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, flush_every_s=0.01)
    hangs, release = threading.Event(), threading.Event()
    commit = recorder._store.commit

    def hang(document: Any) -> None:
        hangs.set()
        release.wait(20)
        commit(document)

    monkeypatch.setattr(recorder._store, "commit", hang)
    recorder.start()
    recorder.record(served())
    assert hangs.wait(10)
    recorder.record(served())
    began = time.monotonic()
    recorder.stop(within_s=0.1)
    assert time.monotonic() - began < 5
    assert len(spool_files(tmp_path / "spool")) == 1
    release.set()  # what hung is committed after all: the copy on disk counts for nothing
    recorder._writer._thread.join(10)  # type: ignore[union-attr]
    monkeypatch.undo()
    again = build_recorder(
        engine,
        dispatch,
        tmp_path,
        spools=SpoolFolder(tmp_path / "spool", name="new", max_bytes=1_000),
    )
    again.flush()
    assert counts(engine) == (2, 2, 0)
    assert scalar(engine, "select count(*) from exchanges") == 2


def test_state_says_how_far_behind_and_what_waits(
    engine: Engine, outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    recorder.record(served())
    time.sleep(0.05)
    recorder.flush()
    state = recorder.state()
    assert state.behind_s >= 0.05
    assert state.spool_bytes == sum(p.stat().st_size for p in spool_files(tmp_path / "spool"))
    assert not state.writer_alive
    outage.end()
    recorder.flush()
    state = recorder.state()
    assert (state.spool_bytes, state.dropped, state.dead_letters) == (0, 0, 0)
    assert state.behind_s < 0.05 or state.caught_up_at > 0
    assert state.faults["capture: postgres away", "OperationalError"] >= 1


def in_a_thread(work: Callable[[], None]) -> None:
    """As the writer works: where SystemExit is no order."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

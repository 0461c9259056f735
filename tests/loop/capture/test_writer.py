"""The writer survives Postgres, and a spool that is full or cut."""

import random
import threading
import time
from pathlib import Path

import pytest
import structlog
from fakes.collaborators import build_recorder, counts, decided, rows, scalar, served
from fakes.outage import Outage
from sqlalchemy import Engine

from tierwatch.dispatch import KeptDispatch
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
    assert list((tmp_path / "spool").iterdir()) == []


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
    spool = tmp_path / "spool" / "capture.jsonl"
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
    spool = tmp_path / "spool" / "capture.jsonl"
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


def test_two_bad_outages_are_two_lines_of_the_log(
    outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    with structlog.testing.capture_logs() as logs:
        for away in (True, True, False, True):
            (outage.begin if away else outage.end)()
            recorder.record(served())
            recorder.flush()
    said = [line["event"] for line in logs if "spool" in line["event"]]
    assert said == ["postgres away, capture goes to the spool"] * 2


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

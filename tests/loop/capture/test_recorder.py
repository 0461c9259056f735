"""The recorder counts everything and keeps the sample, in memory."""

import datetime as dt
import time
from pathlib import Path

import pytest
from fakes.collaborators import (
    TIERS,
    build_recorder,
    counts,
    decided,
    failed_attempt,
    rows,
    scalar,
    served,
)
from fakes.outage import Outage
from sqlalchemy import Engine

from tierwatch.dispatch import SHADOW, KeptDispatch
from tierwatch.evaluation.sampling.burst import Burst
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.store.traffic.boundary_traffic import boundary_traffic


def test_a_sampled_exchange_is_stored_counted_and_dispatched(
    engine: Engine, dispatch: KeptDispatch, recorder: CaptureRecorder
) -> None:
    exchange = served()
    recorder.record(exchange)
    recorder.flush()
    row = rows(engine, "select * from exchanges")[0]
    assert row.id == exchange.exchange_id
    assert (row.direction, row.alternative_tier, row.pi) == ("up", "standard", 1.0)
    assert row.request_no == 1
    assert counts(engine) == (1, 1, 0)
    assert dispatch.sent == [(SHADOW, exchange.exchange_id, 0)]
    # 120 tokens at 15 USD a million would have been the top tier's price.
    assert scalar(engine, "select cost_top_tier_usd from rollups") == pytest.approx(120 * 15e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"finished": False},
        {"kept": False},
        {"answer": None},
        {"decision": decided(reason="pinned")},
        {"decision": decided("standard", reason="sticky:tool_exchange", escalated=False)},
        {"decision": decided(reason="classifier_failed:timeout")},
        {"served_tier": "standard"},
    ],
    ids=["cut", "too long", "no answer", "pinned", "held", "classifier failed", "fallback tier"],
)
def test_what_is_no_evidence_is_counted_and_not_captured(
    engine: Engine, recorder: CaptureRecorder, changes: dict[str, object]
) -> None:
    recorder.record(served(**changes))
    recorder.flush()
    assert counts(engine) == (1, 0, 0)
    assert rows(engine, "select 1 from exchanges") == []


def test_a_full_buffer_drops_and_counts(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, buffer=3)
    for _ in range(5):
        recorder.record(served())
    recorder.flush()
    assert counts(engine) == (5, 5, 2)
    assert scalar(engine, "select count(*) from exchanges") == 3
    assert recorder.dropped_total == 2


def test_request_numbers_go_on_after_a_restart(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    first = build_recorder(engine, dispatch, tmp_path)
    first.start()
    for _ in range(3):
        first.record(served())
    first.stop()
    second = build_recorder(engine, dispatch, tmp_path)
    second.start()
    second.record(served())
    second.stop()
    assert scalar(engine, "select max(request_no) from exchanges") == 4


def test_escalated_traffic_goes_up_and_down_with_its_probabilities(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, plan=SamplingPlan(1.0))
    for _ in range(300):
        recorder.record(served(decided("standard", 0.5)))
    recorder.flush()
    found = {
        row.direction: (row.n, round(row.pi, 4))
        for row in rows(
            engine, "select direction, count(*) as n, min(pi) as pi from exchanges group by 1"
        )
    }
    assert found["up"][1] == round(2 / 3, 4)
    assert found["down"][1] == round(1 / 3, 4)
    # 300 draws at 2/3: mean 200, standard deviation 8.2; five of them either way.
    assert 159 < found["up"][0] < 241
    assert found["up"][0] + found["down"][0] == 300
    assert TIERS[0].name == "simple"


def test_what_could_be_sampled_is_counted_with_its_probability(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, plan=SamplingPlan(0.25))
    for _ in range(40):
        recorder.record(served())
    recorder.record(served(decided(reason="pinned")))
    recorder.record(served(finished=False))
    recorder.flush()
    row = rows(engine, "select sum(eligible), sum(expected), sum(requests) from rollups")[0]
    # 40 of 42 could have been; 40 x .25 = 10 were to be expected.
    assert tuple(row) == (40, pytest.approx(10.0), 42)


def test_every_request_is_counted_at_the_boundaries_it_came_to(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    low = (("simple", 0.29), ("standard", 0.815))
    recorder.record(served(decided(confidence=0.9)))  # kept at simple
    recorder.record(served(decided("standard", confidences=low)))
    recorder.record(served(decided("complex", confidences=low)))
    recorder.record(served(decided(reason="pinned", confidences=())))
    recorder.record(served(decided("standard", reason="sticky:continuation")))
    recorder.flush()
    recorder.record(served(decided(confidence=0.9)))
    recorder.flush()
    found = rows(engine, "select boundary, cents, requests from boundary_counts order by 1, 2")
    assert [tuple(row) for row in found] == [
        ("simple", 29, 2),
        ("simple", 90, 2),
        ("standard", 81, 2),
    ]
    with engine.connect() as connection:
        since = dt.datetime.now(dt.UTC)
        assert boundary_traffic(connection, "simple", since=since) == ([0.295, 0.905], [2, 2])


def test_what_a_pair_would_stand_for_is_noted_drawn_or_not(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path, plan=SamplingPlan(0.25))
    low = (("simple", 0.29), ("standard", 0.815))
    for _ in range(3):
        recorder.record(served(decided(confidence=0.9)))  # kept: up at 1/4
        recorder.record(served(decided("standard", confidences=low, escalated=True)))
        recorder.record(served(decided("complex", confidences=low, escalated=True)))
    recorder.record(served(decided(confidence=0.5), outside="stored"))
    recorder.flush()
    found = rows(
        engine, "select boundary, cents, largest_weight from boundary_counts order by 1, 2"
    )
    # Of a middle tier's escalated traffic a third is probed down: 1 / (.25 / 3), and the rest up.
    assert [tuple(row) for row in found] == [
        ("simple", 29, pytest.approx(12.0)),
        ("simple", 50, 0.0),
        ("simple", 90, pytest.approx(4.0)),
        ("standard", 81, pytest.approx(6.0)),
    ]


def test_what_a_cascade_moved_up_is_counted_and_not_sampled(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    moved = {"reason": "cascade:cut", "escalated": True, "confidences": (("simple", 0.9),)}
    recorder.record(served(decided("standard", confidence=0.9, **moved), cost_usd=0.5))
    recorder.flush()
    assert scalar(engine, "select count(*) from exchanges") == 0
    row = rows(engine, "select tier, requests, escalated, eligible, cost_usd from rollups")[0]
    assert tuple(row) == ("standard", 1, 1, 0, pytest.approx(0.5))
    # It was kept at the boundary it came to; nothing was compared at the one above.
    found = rows(engine, "select boundary, cents, requests from boundary_counts")
    assert [tuple(row) for row in found] == [("simple", 90, 1)]


def test_recording_asks_nobody_for_anything(
    outage: Outage, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    for _ in range(100):
        recorder.record(served(attempts=(failed_attempt(),)))
    assert outage.tried == 0
    assert dispatch.sent == []
    assert not (tmp_path / "spool").exists()


def test_of_failed_calls_only_the_first_thousand_are_kept(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    for _ in range(4):
        recorder.record(served(attempts=(failed_attempt(),) * 300))
    recorder.flush()
    # The fourth request comes when 900 are kept, and is kept whole; a fifth would keep none.
    assert scalar(engine, "select count(*) from attempts") == 1_200
    for _ in range(2):
        recorder.record(served(attempts=(failed_attempt(),)))
    recorder.flush()
    assert scalar(engine, "select count(*) from attempts") == 1_202


def test_a_recorder_starts_and_stops_without_postgres(
    outage: Outage, engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(outage.engine, dispatch, tmp_path)
    recorder.start()
    recorder.record(served())
    recorder.stop()
    assert recorder.away
    after = build_recorder(engine, dispatch, tmp_path)
    after.flush()
    assert counts(engine) == (1, 1, 0)
    # Nothing was known of the requests before, so its number is its own process's.
    assert scalar(engine, "select request_no from exchanges") == 1


def test_a_burst_is_written_down_and_expected_as_it_was_drawn(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    soon = time.time() + 600
    plan = SamplingPlan(0.05, bursts={("simple", "all"): Burst(10.0, soon)})
    recorder = build_recorder(engine, dispatch, tmp_path, plan=plan)
    for _ in range(400):
        recorder.record(served())
    recorder.record(served(decided("standard")))  # another tier, as planned
    recorder.flush()
    (drawn,) = rows(
        engine,
        "select count(*) as n, min(pi) as pi, min(rate) as rate,"
        " min(density) as density, min(tier_density) as tier_density"
        " from exchanges where tier = 'simple'",
    )
    # 400 draws at 1/2: mean 200, standard deviation 10; five of them either way.
    assert 150 < drawn.n < 250
    assert (drawn.pi, drawn.rate, drawn.density, drawn.tier_density) == (0.5, 0.05, 10, 1)
    (counted,) = rows(engine, "select sum(expected) as expected from rollups where tier = 'simple'")
    assert counted.expected == pytest.approx(200.0)


def test_a_burst_of_the_cache_s_answers(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    plan = SamplingPlan(0.05, bursts={("cache", "all"): Burst(10.0, time.time() + 600)})
    recorder = build_recorder(engine, dispatch, tmp_path, plan=plan)
    for _ in range(40):
        recorder.record(served(served_tier="cache"))
    recorder.flush()
    (counted,) = rows(engine, "select sum(expected) as expected from rollups where tier = 'cache'")
    assert counted.expected == pytest.approx(20.0)

"""Capture counts everything, keeps the sample, and survives Postgres."""

import datetime as dt
import json
from pathlib import Path

import factories.rows as put
import pytest
from fakes.collaborators import TIERS, build_recorder, decided, failed_attempt, rows, scalar, served
from sqlalchemy import Engine, create_engine, text

from tierwatch.dispatch import SHADOW, KeptDispatch
from tierwatch.evaluation.sampling.sampling import SamplingPlan
from tierwatch.loop.capture.capture import CaptureRecorder
from tierwatch.store.traffic.rollups import boundary_traffic


def counts(engine: Engine) -> tuple[int, int, int]:
    row = rows(engine, "select sum(requests), sum(sampled), sum(dropped) from rollups")[0]
    return tuple(int(value or 0) for value in row)


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


def test_text_is_redacted_before_it_is_stored(engine: Engine, recorder: CaptureRecorder) -> None:
    request = {"messages": [{"role": "user", "content": "my secret is \x00 \ud800"}]}
    answer = {"role": "assistant", "content": "the secret"}
    recorder.record(served(request=request, answer=answer))
    recorder.flush()
    row = rows(engine, "select request, answer from exchange_texts")[0]
    assert row.answer["content"] == "the [KEY]"
    assert "[KEY]" in row.request["messages"][0]["content"]
    assert "\x00" not in json.dumps(row.request)


@pytest.mark.parametrize(
    "changes",
    [
        {"finished": False},
        {"answer": None},
        {"decision": decided(reason="pinned")},
        {"decision": decided("standard", reason="sticky:tool_exchange", escalated=False)},
        {"decision": decided(reason="classifier_failed:timeout")},
        {"served_tier": "standard"},
    ],
    ids=["cut", "no answer", "pinned", "held", "classifier failed", "fallback tier"],
)
def test_what_is_no_evidence_is_counted_and_not_captured(
    engine: Engine, recorder: CaptureRecorder, changes: dict[str, object]
) -> None:
    recorder.record(served(**changes))
    recorder.flush()
    assert counts(engine) == (1, 0, 0)
    assert rows(engine, "select 1 from exchanges") == []


def test_failed_provider_calls_are_recorded(engine: Engine, recorder: CaptureRecorder) -> None:
    recorder.record(served(attempts=(failed_attempt(),)))
    recorder.flush()
    row = rows(engine, "select step, error, detail from attempts")[0]
    assert tuple(row) == ("serve", "server", "HTTP 500")


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


def test_postgres_away_spools_and_drains_in_order(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    recorder = build_recorder(away, dispatch, tmp_path)
    numbers = []
    for _ in range(3):
        exchange = served()
        numbers.append(exchange.exchange_id)
        recorder.record(exchange)
        recorder.flush()
    assert recorder.away
    assert dispatch.sent == []
    recorder._engine = engine  # Postgres is back
    recorder.record(served())
    recorder.flush()
    assert not recorder.away
    assert counts(engine) == (4, 4, 0)
    assert [sent[1] for sent in dispatch.sent[:3]] == numbers
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_batch_sent_twice_counts_once(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    recorder = build_recorder(engine, dispatch, tmp_path)
    recorder.record(served())
    document = recorder._document(recorder._batch)
    recorder._commit(document)
    recorder._commit(document)
    assert counts(engine) == (1, 1, 0)
    assert len(dispatch.sent) == 1


def test_a_full_spool_drops_the_exchanges_and_keeps_the_counts(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    recorder = build_recorder(away, dispatch, tmp_path, spool_max_bytes=10)
    recorder.record(served())
    recorder.flush()
    assert recorder.dropped_total == 1
    recorder._engine = engine
    recorder.flush()
    assert counts(engine) == (1, 1, 1)
    assert scalar(engine, "select count(*) from exchanges") == 0


def test_a_row_postgres_refuses_costs_only_itself(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    good, bad = served(), served(served_model="a\x00b")
    recorder.record(good)
    recorder.record(bad)
    recorder.flush()
    assert [row.id for row in rows(engine, "select id from exchanges")] == [good.exchange_id]
    assert recorder.dropped_total == 1


def test_the_budget_stops_sampling(engine: Engine, dispatch: KeptDispatch, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into alternatives (exchange_id, tier, model, prompt_tokens, completion_tokens,"
            " cost_usd, latency_ms) values (gen_random_uuid(), 'standard', 'm', 1, 1, 30.0, 1)"
        )
    recorder = build_recorder(engine, dispatch, tmp_path, budget_usd_per_day=25.0)
    recorder.start()
    recorder.stop()
    recorder.record(served())
    recorder.flush()
    assert counts(engine) == (1, 0, 0)


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


def test_the_allocation_of_the_sample_comes_from_what_is_known_of_each_bin(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        for number in range(60):
            # Bad in a third of the pairs at .72, never at .92.
            confidence = 0.72 if number % 2 else 0.92
            pair = put.add_exchange(connection, number, confidence=confidence)
            loss = float(number % 2 and number % 3 == 0)
            put.add_outcome(connection, number, loss, exchange_id=pair, confidence=0.1)
        for place in (14, 18):
            put.add_rollup(connection, "simple", 500, bin=place, minute=dt.datetime.now(dt.UTC))
    plan = SamplingPlan(0.1, allocation={})
    recorder = build_recorder(engine, dispatch, tmp_path, plan=plan)
    recorder._look()
    found = recorder._plan.allocation
    assert set(found) == {("simple", 14), ("simple", 18)}
    assert found["simple", 14] > 1 > found["simple", 18]
    # Under another model the same bins hold other prompts: nothing is known of them yet.
    with engine.begin() as connection:
        put.add_policy(connection)
        put.add_policy(connection, 2)
        connection.execute(text("update policies set classifier = 1 where version = 2"))
        put.put_in_force(connection, 2)
    anew = build_recorder(engine, dispatch, tmp_path, plan=plan)
    anew._look()
    assert anew._plan.allocation == {}
    uniform = build_recorder(engine, dispatch, tmp_path, plan=SamplingPlan(0.1))
    uniform._look()
    assert uniform._plan.allocation is None


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


def test_sessions_that_redaction_would_make_one_stay_two(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    for session in ("the secret of ann", "the secret of ann", "plain"):
        recorder.record(served(session=session))
    recorder._redact = lambda words: "[GONE]" if "secret" in words else words
    recorder.record(served(session="the secret of bob"))
    recorder.flush()
    # Ids of one millisecond are in no order; request numbers are.
    query = "select session from exchanges order by request_no"
    found = [row.session for row in rows(engine, query)]
    assert found[0] == found[1] != found[3]
    assert found[2] == "plain"
    assert all(name.startswith("[GONE]#") for name in (found[0], found[3]))
    assert "ann" not in found[0]

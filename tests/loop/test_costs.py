"""Every call of a worker is paid for once, under its own name, and the parts sum."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from factories.evalsets import ANCHORS
from fakes.collaborators import (
    TIERS_BY_NAME,
    FakeClient,
    FakeJudge,
    build_recorder,
    decided,
    rows,
    scalar,
    served,
)
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, text

from tierwatch.config.file import Config, load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import ProviderError
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.judges.pairwise import PairwiseJudge
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.report.build import build_report
from tierwatch.loop.watch.checks.anchors import judge_anchors
from tierwatch.providers.completion import Completion
from tierwatch.routing.tiers import Price
from tierwatch.store.costs import add_lost_cost, evaluation_costs, is_spent, spent_today
from tierwatch.store.schema.checks import AnchorVerdictRow, ProbeAnswerRow

Capture = Callable[..., uuid.UUID]

_CONFIG = """
routing:
  classifier: {kind: llm, model: names-tiers}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
evaluation:
  judge: {kind: pairwise, model: judge-1}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    return load_config(path)


def lost(engine: Engine) -> list[tuple[str, float]]:
    found = rows(engine, "select kind, cost_usd from lost_costs order by id")
    return [(row.kind, pytest.approx(row.cost_usd)) for row in found]


def shadow(engine: Engine, dispatch: KeptDispatch, exchange_id: uuid.UUID, client: Any) -> None:
    shadow_exchange(
        exchange_id,
        engine=engine,
        client=client,
        tiers=TIERS_BY_NAME,
        dispatch=dispatch,
        redact=str,
        hold_s=30,
    )


usd = st.floats(0, 1e6, allow_nan=False)


@given(parts=st.tuples(usd, usd, usd, usd, usd), top=st.floats(1e-9, 1e6))
def test_the_parts_sum_and_the_net_saving_is_never_above_the_saving(
    parts: tuple[float, ...], top: float
) -> None:
    costs = Costs(*parts)
    assert costs.total_usd == pytest.approx(sum(parts))
    assert costs.evaluation_usd == pytest.approx(sum(parts[2:]))
    saving, net = costs.saving(top), costs.saving_net_of_evaluation(top)
    assert saving is not None
    assert net is not None
    assert net <= saving + 1e-9 * max(1.0, abs(saving)) <= 1 + 1e-9 * max(1.0, abs(saving))
    # What lies between the two is what is not serving, whatever its sign.
    assert (saving - net) * top == pytest.approx(sum(parts[1:]), rel=1e-6, abs=1e-6)


def test_nothing_served_is_no_saving_rather_than_none() -> None:
    costs = Costs(0, 0, 0, 0, 1)
    assert costs.saving(0) is None
    assert costs.saving_net_of_evaluation(0) is None


def test_parts_stored_are_the_parts_reported_and_sum_to_what_was_stored(
    connection: Connection, config: Config
) -> None:
    put.add_rollup(
        connection, "simple", 4, sampled=2, cost_usd=1.0, cost_top_tier_usd=40.0,
        classifier_cost_usd=0.25,
    )  # fmt: skip
    for number in (1, 2):  # a shadow answer is .01, a verdict .002
        put.add_pair(connection, number)
    add_lost_cost(connection, "shadow", 3.0)
    add_lost_cost(connection, "judge", 5.0)
    add_lost_cost(connection, "checks", 7.0)
    add_lost_cost(connection, "judge", 0.0)  # free calls leave no row
    run_id = connection.execute(
        text(
            "insert into evalset_runs (kind, subject, model, set_version, why, until)"
            " values ('anchors', 'j', 'j', 'v', '', now()) returning id"
        )
    ).scalar_one()
    connection.execute(
        insert(AnchorVerdictRow).values(
            run_id=run_id, anchor_id="a", truth="tie", verdict="tie", longer="", cost_usd=0.5
        )
    )
    connection.execute(
        insert(ProbeAnswerRow).values(
            run_id=run_id, probe_id="p", passed=True, reply="", cost_usd=0.125
        )
    )
    report = build_report(connection, config)
    assert report["costs"] == {
        "serving_usd": 1.0,
        "classifier_usd": 0.25,
        "shadow_usd": pytest.approx(0.02 + 3),
        "judge_usd": pytest.approx(0.004 + 5),
        "checks_usd": pytest.approx(0.625 + 7),
        "unpriced": ["routing.classifier", "evaluation.judge"],
    }
    assert report["evaluation_cost_usd"] == pytest.approx(3.02 + 5.004 + 7.625)
    assert report["saving"] == pytest.approx(1 - 1 / 40)
    assert report["saving_net_of_evaluation"] == pytest.approx(1 - 16.899 / 40)
    assert connection.execute(text("select count(*) from lost_costs")).scalar() == 3


def test_a_net_saving_below_zero_is_said_and_not_cut(
    connection: Connection, config: Config
) -> None:
    put.add_rollup(connection, "simple", 1, sampled=1, cost_usd=0.001, cost_top_tier_usd=0.004)
    put.add_pair(connection, 1)
    report = build_report(connection, config)
    assert report["saving"] == pytest.approx(0.75)
    assert report["saving_net_of_evaluation"] == pytest.approx(1 - 0.013 / 0.004)  # -225 %


def test_a_shadow_answer_that_cannot_be_used_is_paid_for(
    engine: Engine, captured: Capture, dispatch: KeptDispatch
) -> None:
    problem = ProviderError("no choices", kind="unreadable", status=200)
    problem.billed = (1_000, 100, 0, 0)
    exchange_id = captured()
    shadow(engine, dispatch, exchange_id, FakeClient(problem))
    # Tier standard: 3 USD a million in and out.
    assert lost(engine) == [("shadow", 1_100 * 3e-6)]
    with engine.begin() as connection:
        connection.execute(text("update claims set until = now()"))
    shadow(engine, dispatch, exchange_id, FakeClient())
    with engine.connect() as connection:
        assert evaluation_costs(connection).shadow_usd == pytest.approx((1_100 + 110) * 3e-6)


def test_a_second_worker_pays_for_its_answer_too(
    engine: Engine, captured: Capture, dispatch: KeptDispatch
) -> None:
    exchange_id = captured()

    class Overtaken(FakeClient):
        """While it answers, another worker, whose claim had run out, finishes."""

        def complete(self, *args: Any, **options: Any) -> Completion:
            with engine.begin() as connection:
                connection.execute(text("update claims set until = now()"))
            shadow(engine, dispatch, exchange_id, FakeClient())
            return super().complete(*args, **options)

    shadow(engine, dispatch, exchange_id, Overtaken())
    assert lost(engine) == [("shadow", 110 * 3e-6)]

    class OvertakenJudge(FakeJudge):
        def judge(self, *pair: object) -> Any:
            with engine.begin() as connection:
                connection.execute(text("update claims set until = now()"))
            judge_exchange(
                exchange_id, engine=engine, judge=FakeJudge(), dispatch=dispatch, hold_s=30
            )
            return super().judge(*pair)

    judge_exchange(exchange_id, engine=engine, judge=OvertakenJudge(), dispatch=dispatch, hold_s=30)
    assert lost(engine)[1:] == [("judge", 0.002)]
    with engine.connect() as connection:
        found = evaluation_costs(connection)
    assert found.shadow_usd == pytest.approx(220 * 3e-6)
    assert found.judge_usd == pytest.approx(0.004)


def test_a_judge_that_fails_in_its_second_order_has_been_paid_for_the_first(
    engine: Engine, captured: Capture, dispatch: KeptDispatch
) -> None:
    class HalfAway(FakeClient):
        def complete(self, *args: Any, **options: Any) -> Completion:
            if self.requests:
                problem = ProviderError("no choices", kind="unreadable", status=200)
                problem.billed = (50, 0, 0, 0)
                raise problem
            return super().complete(*args, **options)

    exchange_id = captured()
    shadow(engine, dispatch, exchange_id, FakeClient(content="another answer"))
    judge = PairwiseJudge(
        HalfAway(content='{"reason": "r", "verdict": "tie"}'), "lab", "m", price=Price(2.0, 10.0)
    )
    judge_exchange(exchange_id, engine=engine, judge=judge, dispatch=dispatch, hold_s=30)
    assert scalar(engine, "select count(*) from verdicts") == 0
    # First order 100 x 2 + 10 x 10, then 50 x 2 for a reply without choices.
    assert lost(engine) == [("judge", 400e-6)]


def test_an_anchor_without_a_verdict_has_been_paid_for(engine: Engine) -> None:
    problem = ProviderError("cut", kind="cut")
    problem.spent_usd = 0.25
    judge_anchors(engine=engine, judge=FakeJudge("tie", problem), anchors=ANCHORS, why="test")
    assert lost(engine) == [("checks", 0.25)]
    with engine.connect() as connection:
        assert evaluation_costs(connection).checks_usd == pytest.approx(0.25 + 39 * 0.002)


def test_the_days_budget_counts_what_was_lost_and_no_serving(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 9, cost_usd=100.0, classifier_cost_usd=100.0)
        add_lost_cost(connection, "judge", 4.0)
        connection.execute(
            text(
                "insert into lost_costs (kind, cost_usd, created_at)"
                " values ('judge', 50, now() - interval '2 days')"
            )
        )
        assert spent_today(connection) == pytest.approx(4.0)
        assert is_spent(connection, 4.0)
        assert not is_spent(connection, 4.01)
        assert not is_spent(connection, None)
    recorder = build_recorder(
        engine, dispatch, tmp_path, budget_usd_per_day=4.0, plan=SamplingPlan(1.0)
    )
    recorder.flush()
    recorder.record(served())
    recorder.flush()
    assert scalar(engine, "select count(*) from exchanges") == 0


def test_cached_tokens_and_the_classifier_are_in_rows_and_rollups(
    engine: Engine, captured: Capture
) -> None:
    captured(cached_tokens=60, cache_write_tokens=10, classifier_cost_usd=0.5)
    (exchange,) = rows(
        engine, "select cached_tokens, cache_write_tokens, classifier_cost_usd from exchanges"
    )
    assert exchange == (60, 10, 0.5)
    (rolled,) = rows(engine, "select cached_tokens, classifier_cost_usd from rollups")
    assert rolled == (60, 0.5)


def test_the_top_tier_is_priced_with_the_same_cache(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    top = TIERS_BY_NAME["complex"]
    cached = type(top)(top.name, top.model, top.provider, Price(15.0, 15.0, 1.5))
    recorder = build_recorder(
        engine, dispatch, tmp_path, tiers=(*list(TIERS_BY_NAME.values())[:2], cached)
    )
    recorder.record(served(decided(), cached_tokens=60))
    recorder.flush()
    # 100 read, of which 60 at a tenth; 20 written.
    assert scalar(engine, "select cost_top_tier_usd from rollups") == pytest.approx(
        (40 * 15 + 60 * 1.5 + 20 * 15) / 1e6
    )

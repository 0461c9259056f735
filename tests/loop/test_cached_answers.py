"""An answer of the response cache goes round the loop as a tier that nothing is routed to."""

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import TIERS_BY_NAME, FakeClient, FakeJudge, decided, rows, scalar, served
from sqlalchemy import Engine

from tierwatch.config.file import Config, load_config
from tierwatch.dashboard.pages.overview.overview import overview_page
from tierwatch.dashboard.time_range import read_range
from tierwatch.dispatch import KeptDispatch
from tierwatch.evaluation.sampling.inclusion import cached_inclusion
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.decide.reload import current_policies
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.report.build import build_report
from tierwatch.loop.watch.find_cause import attribute_alerts
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.routing.policy import Policy
from tierwatch.runtime.rules import monitor_rules
from tierwatch.settings import Settings
from tierwatch.store.judgements.boundary_evidence import boundary_evidence

EVER = read_range("all", "", dt.datetime(2100, 1, 1, tzinfo=dt.UTC))

FIRST = Policy(version=1, thresholds={"simple": 0.7, "standard": 0.7})
CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
gateway: {cache: {mode: semantic}}
evaluation:
  sample_rate: 1
  min_pairs: 10
  tolerance: {cache: 0.02, "*": 0.05}
  judge: {kind: pairwise, model: judge-1}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(CONFIG)
    return load_config(path)


@pytest.fixture
def rules(config: Config) -> MonitorRules:
    return monitor_rules(Settings(), config)


def hit(model: str = "small-1", **decision: Any) -> ServedExchange:
    return served(
        decided(**decision), served_tier="cache", served_model=model, provider="cache", cost_usd=0.0
    )


@pytest.fixture
def judged(
    engine: Engine, recorder: CaptureRecorder, dispatch: KeptDispatch
) -> Callable[..., FakeClient]:
    """Take exchanges through capture, shadow and judge with a given verdict."""
    current_policies(engine=engine, first=FIRST)

    def run(exchanges: list[ServedExchange], preferred: str = "tie") -> FakeClient:
        client = FakeClient()
        for exchange in exchanges:
            recorder.record(exchange)
        recorder.flush()
        for exchange in exchanges:
            shadow_exchange(
                exchange.exchange_id,
                engine=engine,
                client=client,
                tiers=TIERS_BY_NAME,
                dispatch=dispatch,
                redact=str,
                hold_s=30,
            )
            judge_exchange(
                exchange.exchange_id,
                engine=engine,
                judge=FakeJudge(preferred),
                dispatch=dispatch,
                hold_s=30,
            )
        return client

    return run


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"tier": "standard"},
        {"tier": "complex"},
        {"reason": "pinned", "confidences": ()},
        {"tier": "complex", "reason": "pinned", "confidences": ()},
    ],
    ids=["kept", "escalated", "top", "pinned", "pinned to the top"],
)
def test_a_hit_is_compared_with_the_tier_the_router_chose(
    engine: Engine, recorder: CaptureRecorder, decision: dict[str, Any]
) -> None:
    recorder.record(hit(**decision))
    recorder.flush()
    (row,) = rows(engine, "select * from exchanges")
    assert (row.tier, row.direction, row.alternative_tier) == (
        "cache", "up", decision.get("tier", "simple"),
    )  # fmt: skip
    assert (row.pi, row.rate, row.cost_usd) == (1.0, 1.0, 0.0)
    assert row.reason == decision.get("reason", row.reason)
    (counted,) = rows(engine, "select * from rollups")
    assert (counted.tier, counted.requests, counted.eligible, counted.expected) == (
        "cache",
        1,
        1,
        1,
    )
    # 120 tokens at 15 USD a million: what is saved is counted.
    assert counted.cost_usd == 0
    assert counted.cost_top_tier_usd == pytest.approx(120 * 15e-6)
    # No threshold would have moved it.
    assert rows(engine, "select 1 from boundary_counts") == []


def test_a_cut_hit_is_counted_and_left_out(engine: Engine, recorder: CaptureRecorder) -> None:
    recorder.record(hit()._replace(finished=False))
    recorder.flush()
    assert rows(engine, "select 1 from exchanges") == []
    assert scalar(engine, "select requests from rollups") == 1


def test_hits_are_sampled_at_the_plain_rate_whatever_the_plan_says_of_the_tiers() -> None:
    plan = SamplingPlan(0.3, 0.9, factor=0.5, allocation={("simple", 18): 2.5})
    drawn = [cached_inclusion(decided(), plan, str(uuid.UUID(int=n))) for n in range(4_000)]
    chosen = [inclusion for inclusion in drawn if inclusion is not None]
    # 4,000 draws at .15: 600 with a standard deviation of 23.
    assert 510 < len(chosen) < 690
    assert {(item.pi, item.weight) for item in chosen} == {(0.15, 1.0)}
    assert cached_inclusion(decided(), SamplingPlan(0.0), "x") is None


def test_outcomes_are_of_the_cache_and_no_evidence_about_a_threshold(
    engine: Engine, judged: Callable[..., FakeClient]
) -> None:
    client = judged(
        [hit(), hit(model="large-1", tier="complex"), hit(reason="pinned")], "alternative"
    )
    assert [request["model"] for _, request in client.requests] == [
        "small-1", "large-1", "small-1",
    ]  # fmt: skip
    found = rows(engine, "select * from outcomes order by id")
    assert {(row.tier, row.boundary, row.loss) for row in found} == {("cache", "cache", 1.0)}
    # Whatever model once answered, they are watched as one stream.
    assert {row.stream for row in found} == {"cache|all|p1|cache|fake/v1"}
    with engine.connect() as connection:
        for tier in ("simple", "standard"):
            assert boundary_evidence(connection, tier, judge_version="fake/v1").losses == []


def test_wrong_hits_open_an_alert_of_their_own_and_retune_nothing(
    engine: Engine, judged: Callable[..., FakeClient], rules: MonitorRules, config: Config
) -> None:
    assert rules.tolerance == {"cache": 0.02, "simple": 0.05, "standard": 0.05}
    judged([served(decided()) for _ in range(20)], "tie")
    judged([hit() for _ in range(20)], "alternative")
    observe(engine=engine, rules=rules)
    (alert,) = rows(engine, "select * from alerts where kind = 'misroute'")
    assert (alert.tier, alert.segment, alert.state) == ("cache", "cache/all", "open")
    assert "Answers of tier cache are materially worse than fresh ones" in alert.summary
    assert "2.0 % is tolerated" in alert.summary

    asked = RetuneRules(
        mode="propose", alpha={"simple": 0.05, "standard": 0.05}, delta=0.05, step=0.1,
        min_pairs=5, every_s=0.0,
    )  # fmt: skip
    retune(engine=engine, rules=asked, judge_version="fake/v1", rollout_share=0.2)
    assert rows(engine, "select 1 from proposals where tier = 'cache'") == []

    with engine.connect() as connection:
        report = build_report(connection, config)
    told = report["tiers"]["cache"]
    assert list(report["tiers"]) == ["simple", "standard", "complex", "cache"]
    assert (told["requests"], told["pairs"], told["tolerance"]) == (20, 20, 0.02)
    assert told["misroute"]["estimate"] == 1.0
    assert told["state"] == "ALERT"
    assert report["tiers"]["simple"]["misroute"]["estimate"] == 0.0
    assert report["captured"] == report["judged"] == 40


def test_an_alert_of_the_cache_can_be_attributed(
    engine: Engine, judged: Callable[..., FakeClient], rules: MonitorRules
) -> None:
    from tierwatch.evalsets import anchors, probes

    judged([hit() for _ in range(20)], "alternative")
    observe(engine=engine, rules=rules)
    done = attribute_alerts(
        engine=engine, judge=None, client=FakeClient(), tiers={}, anchors=anchors(), probes=probes()
    )
    assert done == 1
    assert scalar(engine, "select attribution->>'cause' from alerts where kind = 'misroute'")


def test_quality_and_saving_count_hits(
    engine: Engine, judged: Callable[..., FakeClient], config: Config
) -> None:
    judged([served(decided("complex", reason="top")) for _ in range(50)])
    with engine.connect() as connection:
        before = build_report(connection, config)
    assert before["quality_vs_top"]["estimate"] == 1.0
    judged([hit() for _ in range(40)], "alternative")
    judged([served(decided()) for _ in range(5)], "tie")
    judged([served(decided("standard")) for _ in range(30)], "tie")
    with engine.connect() as connection:
        after = build_report(connection, config)
    # 40 of 125 answers were the cache's, all of them worse than a fresh one.
    assert after["quality_vs_top"]["estimate"] == pytest.approx(1 - 40 / 125, abs=0.02)
    assert after["saving"] > before["saving"]


def test_the_cache_is_a_last_line_of_the_overview(
    engine: Engine, judged: Callable[..., FakeClient], config: Config, rules: MonitorRules
) -> None:
    judged([hit() for _ in range(12)], "tie")
    observe(engine=engine, rules=rules)
    with engine.connect() as connection:
        page = overview_page(connection, config, EVER, gateway_url="")
    line = page.tiers[-1]
    assert page.cached
    assert (line.name, line.model, line.requests) == ("cache", "stored answers", 12)
    assert (line.threshold, line.overspend, line.cost_usd, line.tolerance) == (
        None,
        None,
        0.0,
        0.02,
    )
    assert line.misroute is not None
    assert line.misroute.value == 0.0
    assert page.over_time.charts[-1].title == "Misroute rate of cache"


def test_without_a_cache_nothing_speaks_of_one(
    engine: Engine, judged: Callable[..., FakeClient], config: Config, tmp_path: Path
) -> None:
    judged([served(decided())])
    off = tmp_path / "off.yaml"
    off.write_text(CONFIG.replace("mode: semantic", "mode: off"))
    with engine.connect() as connection:
        plain = load_config(off)
        assert "cache" not in build_report(connection, plain)["tiers"]
        assert not overview_page(connection, plain, EVER, gateway_url="").cached
        assert build_report(connection, config)["tiers"]["cache"]["requests"] == 0
    judged([hit()])
    with engine.connect() as connection:  # it was on once: what it did stays in sight
        assert build_report(connection, plain)["tiers"]["cache"]["requests"] == 1

"""The report's funnel adds up at every stage of an exchange's way, and unknown is not zero."""

import datetime as dt
import json
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from factories.config import ARTICLE, load
from fakes.collaborators import (
    TIERS_BY_NAME,
    FakeClient,
    FakeJudge,
    build_recorder,
    decided,
    scalar,
    served,
)
from sqlalchemy import Connection, Engine, text, update

from tierwatch.config import Config, load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import ProviderError
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.first_judge import weigh
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.report import schema
from tierwatch.loop.report.build import build_report
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.routing.policy import Policy
from tierwatch.store.labels.labels import add_label
from tierwatch.store.policies import put_first_policy
from tierwatch.store.schema.judgements import MonitorRow
from tierwatch.store.signals.follow_ups import add_follow_ups

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation:
  tolerance: {simple: 0.05, standard: 0.1}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    return load_config(path)


@pytest.fixture
def report(engine: Engine, config: Config) -> Callable[[], dict[str, Any]]:
    """Build the report, and check that its funnel adds up."""

    def build() -> dict[str, Any]:
        with engine.connect() as connection:
            found = build_report(connection, config)
        parts = ("shadowed", "pending", "failed", "dropped")
        assert found["captured"] == sum(found[part] for part in parts)
        assert found["shadowed"] == found["judged"] + found["unscored"]
        assert min(found[part] for part in parts) >= 0
        _require_schema(found, schema.Report, "report")
        return found

    return build


def _require_schema(found: Any, kind: Any, path: str) -> None:
    """The keys are those of the class, and no value has a type that it does not name."""
    if typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind)
        assert list(found) == list(hints), path
        for name, hint in hints.items():
            _require_schema(found[name], hint, f"{path}.{name}")
        return
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        if found is not None:
            _require_schema(found, parts[0], path)
    elif origin in {list, dict}:
        for item in found if origin is list else found.values():
            _require_schema(item, parts[-1], path)
    elif kind is not Any:
        # A whole number is a number, as JSON has it.
        accepted = {float: (int, float), str: (str,), int: (int,), bool: (bool,)}.get(kind)
        assert isinstance(found, accepted) if accepted else found in parts, path


Report = Callable[[], dict[str, Any]]


def test_an_empty_database_knows_nothing_and_says_so(report: Report) -> None:
    found = report()
    assert (found["requests"], found["captured"], found["pending"]) == (0, 0, 0)
    assert found["saving"] is None
    assert found["recorded_quality"] is None
    assert found["policy_version"] is None
    assert list(found["tiers"]) == ["simple", "standard", "complex"]
    misroute = found["tiers"]["simple"]["misroute"]
    assert list(misroute) == ["estimate", "low", "high", "n", "method"]
    assert (misroute["estimate"], misroute["n"]) == (None, 0)
    assert found["tiers"]["simple"]["tolerance"] == 0.05
    assert found["tiers"]["complex"]["tolerance"] is None


def test_the_funnel_adds_up_at_every_stage(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path, report: Report
) -> None:
    # Five are sampled, one of them does not fit the buffer; a pinned one is only counted.
    recorder = build_recorder(engine, dispatch, tmp_path, buffer=4)
    recorder.record(served(decided(reason="pinned"), cost_usd=0.001))
    for _ in range(5):
        recorder.record(served(cost_usd=0.001))
    recorder.flush()
    found = report()
    assert (found["requests"], found["captured"], found["dropped"], found["pending"]) == (
        6,
        5,
        1,
        4,
    )
    ids = [sent[1] for sent in dispatch.sent]
    refused = FakeClient(ProviderError("no", kind="refused"))
    for exchange_id, client in zip(ids, (FakeClient(),) * 3 + (refused,), strict=True):
        shadow_exchange(
            exchange_id,
            engine=engine,
            client=client,
            tiers=TIERS_BY_NAME,
            dispatch=dispatch,
            redact=redact,
            hold_s=300,
        )
        report()
    found = report()
    assert (found["failed"], found["pending"], found["shadowed"]) == (1, 3, 0)
    for exchange_id, preferred in zip(ids, ("alternative", "tie", None), strict=False):
        judge_exchange(
            exchange_id, engine=engine, judge=FakeJudge(preferred), dispatch=dispatch, hold_s=300
        )
        report()
    found = report()
    assert (found["judged"], found["unscored"], found["pending"]) == (2, 1, 0)
    # Three shadows of 110 tokens at 3 USD a million, three verdicts at 0.002.
    assert found["evaluation_cost_usd"] == pytest.approx(3 * 110 * 3e-6 + 3 * 0.002)
    # Six requests at 0.001; "always the top tier" costs 120 tokens at 15 USD a million each.
    assert found["cost_usd"] == pytest.approx(0.006)
    assert found["saving"] == pytest.approx(1 - 0.006 / (6 * 120 * 15e-6))
    simple = found["tiers"]["simple"]
    assert (simple["requests"], simple["pairs"]) == (6, 4)
    assert (simple["misroute"]["estimate"], simple["misroute"]["n"]) == (0.5, 2)
    assert simple["misroute"]["low"] < 0.5 < simple["misroute"]["high"]
    assert simple["misroute"]["method"].startswith("judge rate, ")


def test_a_rate_is_weighted_by_one_over_pi_and_overspend_is_what_was_no_loss(
    engine: Engine, report: Report
) -> None:
    with engine.begin() as connection:
        put.add_outcome(connection, 1, 1.0, pi=0.5)
        put.add_outcome(connection, 2, 0.0, pi=0.25)
        for number, loss in enumerate((1.0, 0.0, 0.0, 0.0), 3):
            down = {"direction": "down", "tier": "standard", "boundary": "simple"}
            put.add_outcome(connection, number, loss, **down)
    tiers = report()["tiers"]
    # Weights 2 and 4: (2 * 1 + 4 * 0) / 6.
    assert tiers["simple"]["misroute"]["estimate"] == pytest.approx(1 / 3)
    assert tiers["simple"]["overspend"]["estimate"] is None
    # Three of four probes down were answered as well by the tier below.
    assert tiers["standard"]["overspend"]["estimate"] == pytest.approx(0.75)
    assert tiers["standard"]["misroute"]["estimate"] is None


def test_an_exchange_judged_by_two_judges_counts_once(engine: Engine, report: Report) -> None:
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 10, sampled=1)
        exchange_id = put.add_pair(connection, 1, None)
        put.add_verdict(connection, exchange_id, "tie", judge_version="other/v1")
    found = report()
    assert (found["judged"], found["unscored"], found["shadowed"]) == (1, 0, 1)


def test_a_failure_of_an_exchange_with_a_verdict_does_not_count_it_twice(
    engine: Engine, report: Report
) -> None:
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 10, sampled=1)
        put.add_failure(connection, put.add_pair(connection, 1))
    found = report()
    assert (found["judged"], found["failed"]) == (1, 0)


def test_the_policy_in_force_its_alerts_and_proposals_are_listed(
    engine: Engine, report: Report
) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        alert_id = put.add_alert(connection)
        proposal_id = put.add_proposal(connection)
        connection.execute(
            text("insert into replays (file, requests, scored, score_sum) values ('f', 9, 4, 3.0)")
        )
    found = report()
    assert (found["policy_version"], found["thresholds"]) == (1, {"simple": 0.7, "standard": 0.7})
    assert [(alert["id"], alert["state"]) for alert in found["alerts"]] == [(alert_id, "open")]
    [proposal] = found["proposals"]
    assert (proposal["id"], proposal["from"], proposal["to"]) == (proposal_id, 0.7, 0.8)
    # 3.0 over four scored requests.
    assert found["recorded_quality"] == 0.75
    assert scalar(engine, "select count(*) from replays") == 1


def test_labels_correct_the_judges_rate(engine: Engine, report: Report) -> None:
    with engine.begin() as connection:
        for number in range(100):
            flagged = number < 20
            pair = put.add_exchange(connection, number)
            put.add_outcome(connection, number, float(flagged), exchange_id=pair)
            if number % 2:
                # Of ten labelled that the judge accused, five are bad; of forty cleared, none.
                said = "alternative" if flagged and number % 4 == 1 else "tie"
                add_label(
                    connection, pair, reviewer="ada", preferred=said, shown_first="served", note=""
                )
    tier = report()["tiers"]["simple"]
    found = tier["misroute_corrected"]
    # .2 x 5/10 + .8 x 0/40
    assert found["estimate"] == pytest.approx(0.1)
    assert found["method"].startswith("double sampling, 50 labels")
    assert found["low"] <= 0.1 <= found["high"]
    # It stands beside the judge's own rate, which labels never change.
    assert (tier["misroute"]["estimate"], tier["labels"]) == (0.2, 50)
    assert tier["misroute"]["method"].startswith("judge rate")
    # Nobody knows how often ada slips; at 5 % it would be (.1 - .05) / .9.
    supposed = tier["misroute_supposed"]
    assert supposed["estimate"] == pytest.approx(0.05 / 0.9)
    labels = report()["labels"]
    assert (labels["twice"], labels["needed"], labels["measured"]) == (0, 20, False)
    assert labels["slips"]["estimate"] is None
    assert labels["sentence"].startswith("Slips of people are not measured")


def test_the_first_label_leaves_every_rate_as_it_was(engine: Engine, report: Report) -> None:
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 100)
        pairs = [put.add_exchange(connection, number) for number in range(200)]
        for number, pair in enumerate(pairs):
            put.add_outcome(connection, number, float(number % 20 == 0), exchange_id=pair)
            put.add_outcome(connection, number, 0.0, tier="standard")
    before = report()
    with engine.begin() as connection:
        add_label(
            connection, pairs[7], reviewer="ada", preferred="tie", shown_first="served", note=""
        )
    after = report()
    assert after["quality_vs_top"] == before["quality_vs_top"]
    assert after["quality_vs_top_corrected"] is None
    simple = after["tiers"]["simple"]
    assert simple["misroute"] == before["tiers"]["simple"]["misroute"]
    assert (simple["misroute_corrected"], simple["labels"]) == (None, 1)


def test_a_conversation_counts_once_in_the_width_and_by_its_pairs_in_the_rate(
    engine: Engine, report: Report
) -> None:
    with engine.begin() as connection:
        for number in range(40):
            session = "long talk" if number < 20 else f"s{number}"
            put.add_outcome(connection, number, float(number < 10), session=session)
    found = report()["tiers"]["simple"]["misroute"]
    assert (found["estimate"], found["n"]) == (0.25, 40)
    # One talk of weight 20 and twenty of weight 1 are worth 40^2 / (400 + 20) = 3.8.
    assert found["method"].startswith("judge rate, 4 effective conversations")


def test_saving_and_quality_come_with_intervals(engine: Engine, report: Report) -> None:
    with engine.begin() as connection:
        for minute in range(30):
            at = put.NOW + dt.timedelta(minutes=minute)
            cost = 1.0 + 0.1 * (minute % 3)
            put.add_rollup(
                connection, "simple", 70, minute=at, cost_usd=cost, cost_top_tier_usd=4.0
            )
            put.add_rollup(
                connection, "complex", 30, minute=at, cost_usd=2.0, cost_top_tier_usd=2.0
            )
        for number in range(200):
            put.add_outcome(connection, number, float(number % 20 == 0))
            put.add_outcome(connection, number, 0.0, tier="standard")
    found = report()
    saving = found["saving_interval"]
    assert saving["estimate"] == pytest.approx(found["saving"])
    assert saving["low"] < found["saving"] < saving["high"]
    quality = found["quality_vs_top"]
    # 70 % of the traffic, 5 % of it misrouted at the first boundary and none at the second.
    assert quality["estimate"] == pytest.approx(1 - 0.7 * 0.05)
    assert quality["low"] < quality["estimate"] < quality["high"]
    assert "the judge's view" in quality["method"]


def test_one_minute_gives_no_lower_end_of_the_saving(engine: Engine, report: Report) -> None:
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 70)
    saving = report()["saving_interval"]
    assert (saving["estimate"], saving["low"]) == (0.75, None)


@pytest.mark.parametrize(
    ("losses", "state"),
    [
        ([0.0] * 29, "NO_DATA"),
        ([0.0] * 40, "INCONCLUSIVE"),  # 0 of 40 does not show a rate below 5 %
        ([0.0] * 400, "OK"),
        ([0.0] * 100 + [1.0] * 8, "WARNING"),
        ([0.0] * 100 + [1.0] * 14, "ALERT"),
    ],
)
def test_a_tier_has_the_state_of_its_stream(
    engine: Engine, report: Report, losses: list[float], state: str
) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number, loss in enumerate(losses):
            put.add_outcome(connection, number, loss)
    rules = MonitorRules({"simple": 0.05}, level=1e7, max_weight=1.0, min_pairs=30)
    observe(engine=engine, rules=rules)
    assert report()["tiers"]["simple"]["state"] == state
    assert report()["tiers"]["complex"]["state"] is None


def test_under_an_objective_a_tier_is_tolerated_what_was_promised_of_it(
    engine: Engine, tmp_path: Path
) -> None:
    policy = Policy(
        1, {"simple": 0.7, "standard": 0.7}, promised={"simple": 0.08}, promised_for=0.95
    )
    with engine.begin() as connection:
        put_first_policy(connection, policy, salt="salt")
    stated = "tolerance: {simple: 0.05, standard: 0.1}"
    for written, simple in (("objective: {quality: 0.95}", 0.08), (stated, 0.05)):
        path = tmp_path / "tierwatch.yaml"
        path.write_text(_CONFIG.replace(stated, written))
        with engine.connect() as connection:
            found = build_report(connection, load_config(path))
        assert found["tiers"]["simple"]["tolerance"] == simple
    assert found["tiers"]["complex"]["tolerance"] is None


def test_streams_of_policies_that_are_not_in_force_say_nothing(
    engine: Engine, report: Report
) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number in range(40):
            put.add_outcome(connection, number, 1.0, stream="simple|p9", policy_version=9)
    observe(engine=engine, rules=MonitorRules({"simple": 0.05}, 1e7, 1.0, 30))
    assert report()["tiers"]["simple"]["state"] == "NO_DATA"


def test_streams_of_a_replaced_judge_or_model_say_nothing(engine: Engine, report: Report) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number in range(40):
            old = f"simple|all|p1|old-model|{put.JUDGE}"
            put.add_outcome(connection, number, 1.0, stream=old)
            other = "simple|all|p1|small-1|judge of old"
            put.add_outcome(connection, 100 + number, 1.0, stream=other, judge_version="of old")
        for number in range(400):
            now = f"simple|all|p1|small-1|{put.JUDGE}"
            put.add_outcome(connection, 200 + number, 0.0, stream=now)
    observe(engine=engine, rules=MonitorRules({"simple": 0.05}, 1e7, 1.0, 30))
    assert report()["tiers"]["simple"]["state"] == "OK"


@pytest.mark.parametrize("broken", ["state", "estimate"])
@pytest.mark.parametrize("kept", ["{}", "[]", '{"version": 2}', "5"])
@pytest.mark.parametrize("state", ["INCONCLUSIVE", "ALERT"])
def test_a_stream_that_cannot_be_read_is_not_ok(
    engine: Engine, report: Report, broken: str, kept: str, state: str
) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number in range(400):
            put.add_outcome(connection, number, 0.0)
    observe(engine=engine, rules=MonitorRules({"simple": 0.05}, 1e7, 1.0, 30))
    assert report()["tiers"]["simple"]["state"] == "OK"
    columns = {broken: json.loads(kept), "alarmed": state == "ALERT"}
    with engine.begin() as connection:
        connection.execute(update(MonitorRow).values(**columns))
    assert report()["tiers"]["simple"]["state"] == state


def test_a_cheaper_judge_before_the_judge_says_what_it_costs_and_saves(
    connection: Connection, tmp_path: Path
) -> None:
    two = "evaluation: {judge: {model: gpt-4o, first: {model: gpt-4o-mini}}}\n"
    config = load(tmp_path, ARTICLE + two)
    report = build_report(connection, config)["first_judge"]
    assert report is not None
    assert (report["asked_first"], report["anchors"]) == (False, 0)
    put.add_anchors(connection, 330, 408, judge=report["together"], cost_usd=0.001)
    put.add_anchors(connection, 332, 408, judge=report["alone"], cost_usd=0.004)
    weigh(connection, alone=report["alone"], together=report["together"])
    report = build_report(connection, config)["first_judge"]
    assert report is not None
    assert (report["asked_first"], report["anchors"]) == (True, 408)
    assert report["accuracy_alone"] - report["accuracy"] == pytest.approx(2 / 408)
    assert report["usd_per_verdict"] == pytest.approx(0.001)
    assert report["usd_per_verdict_alone"] == pytest.approx(0.004)
    assert build_report(connection, load(tmp_path, ARTICLE))["first_judge"] is None


def test_what_users_did_stands_beside_the_verdicts(engine: Engine, report: Report) -> None:
    found = {one["kind"]: one for one in report()["second_opinion"]}
    assert list(found) == [
        "asked_again", "rated_down", "edited", "left_early", "chose_themselves",
    ]  # fmt: skip
    assert found["asked_again"]["correlation"]["method"] == "no judged pair has this signal"
    with engine.begin() as connection:
        pair = put.exchange_id_of(1)
        put.add_outcome(connection, 1, 1.0, exchange_id=pair)
        add_follow_ups(connection, {pair: True})
    [asked, *_] = report()["second_opinion"]
    assert (asked["known"], asked["said"]) == (1, 1)
    assert asked["correlation"]["estimate"] is None

"""A threshold is tested on new evidence, each test spends delta, what helps is proposed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from factories.watched import WATCHED
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.decide.approve import reject_proposal
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.store.labels.labels import add_label

RULES = RetuneRules(
    mode="propose", alpha={"simple": 0.05}, delta=0.05, step=0.1, min_pairs=200, every_s=3600
)


@pytest.fixture
def in_force(engine: Engine) -> Engine:
    """Policy 1 is in force: 0.70 for both tiers."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
    return engine


def pour(engine: Engine, losses: Sequence[float], *, first: int = 1, **changes: Any) -> None:
    """Add outcomes with confidences spread evenly over 0.50 to 0.99."""
    with engine.begin() as connection:
        for number, loss in enumerate(losses, first):
            spread = {"confidence": 0.5 + (number % 50) / 100}
            put.add_outcome(connection, number, loss, **(spread | changes))


def run(engine: Engine, rules: RetuneRules = RULES) -> int:
    return retune(engine=engine, rules=rules, judge_version=put.JUDGE, rollout_share=0.2)


def an_hour_passes(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update retunes set created_at = created_at - interval '1 hour'"))


def proposals(engine: Engine) -> list[Any]:
    return rows(engine, "select * from proposals order by id")


def bad_tier(count: int) -> list[float]:
    """Three of ten bad, at every confidence."""
    return [float(number // 50 % 10 < 3) for number in range(count)]


def test_good_pairs_propose_a_certified_lowering_with_its_evidence(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    assert run(in_force) == 1
    [proposal] = proposals(in_force)
    # 0.70 less one step of 0.1: the loosest candidate, every one of them free of loss.
    assert (proposal.from_threshold, proposal.to_threshold) == (0.7, 0.6)
    assert (proposal.direction, proposal.certified, proposal.state) == ("lower", True, "open")
    assert (proposal.pairs, proposal.base_version, proposal.alert_id) == (400, 1, None)
    assert proposal.expires_at > proposal.created_at
    # 400 pairs, 8 at each of 50 confidences; 40 of these are 0.60 or more: 320 pairs, 0.8 kept.
    assert proposal.predicted["kept"]["value"] == pytest.approx(0.8)
    assert proposal.predicted["misroute"]["value"] == 0.0
    evidence = proposal.evidence
    assert (evidence["alpha"], evidence["k"], evidence["judge_version"]) == (0.05, 0, put.JUDGE)
    # The first test spends half of delta: 0.05 / (1 * 2).
    assert evidence["delta"] == 0.025
    loosest = evidence["bounds"][-1]
    assert (loosest["threshold"], loosest["pairs"]) == (0.6, 320)
    assert 0 < loosest["bound"] <= 0.05
    assert scalar(in_force, "select action from audit") == "proposal.made"


def test_the_cost_of_a_proposal_comes_from_the_pairs_themselves(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    with in_force.begin() as connection:
        # One stored pair: 0.001 was served, 0.01 its shadow.
        exchange_id = put.add_pair(connection, 999)
        put.add_outcome(connection, 999, 0.0, exchange_id=exchange_id)
    run(in_force)
    costs = proposals(in_force)[0].evidence["mean_cost_usd"]
    assert costs == {"lower": pytest.approx(0.001), "upper": pytest.approx(0.01)}
    assert proposals(in_force)[0].predicted["cost_change"]["value"] < 0


def test_too_few_new_pairs_test_nothing(in_force: Engine) -> None:
    pour(in_force, [0.0] * 199)
    assert run(in_force) == 0
    assert scalar(in_force, "select count(*) from retunes") == 0
    pour(in_force, [0.0], first=200)
    assert run(in_force) == 1


def test_each_test_spends_less_delta_and_needs_new_pairs(in_force: Engine) -> None:
    # Two of ten bad by loss, yet spread so that 0.70 cannot be improved: nothing is proposed.
    rules = replace(RULES, alpha={"simple": 0.35})
    for k in range(3):
        pour(in_force, bad_tier(500)[:200], first=1 + 200 * k, confidence=0.2)
        assert run(in_force, rules) == 0
        assert run(in_force, rules) == 0  # no time and no new pair since
        an_hour_passes(in_force)
        assert run(in_force, rules) == 0  # no new pair since
    found = rows(in_force, "select k, delta, pairs from retunes order by k")
    # 0.05 / (1 * 2), 0.05 / (2 * 3), 0.05 / (3 * 4).
    assert [row.k for row in found] == [0, 1, 2]
    assert [row.delta for row in found] == pytest.approx([0.025, 0.05 / 6, 0.05 / 12])
    assert [row.pairs for row in found] == [200, 400, 600]


def test_a_tier_is_not_tested_again_before_its_time(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400, confidence=0.2)
    assert run(in_force) == 0
    pour(in_force, [0.0] * 400, first=401)
    assert run(in_force) == 0
    assert scalar(in_force, "select count(*) from retunes") == 1
    an_hour_passes(in_force)
    assert run(in_force) == 1
    assert scalar(in_force, "select count(*) from retunes") == 2


def test_a_rate_shown_above_alpha_proposes_an_uncertified_raise(in_force: Engine) -> None:
    pour(in_force, bad_tier(500))
    assert run(in_force) == 1
    [proposal] = proposals(in_force)
    assert (proposal.direction, proposal.certified) == ("raise", False)
    assert proposal.to_threshold == 0.8


def test_merely_too_few_pairs_to_certify_propose_nothing_without_an_alert(
    in_force: Engine,
) -> None:
    # 40 kept pairs without loss cannot certify 5 %: even 59 are too few at delta 0.05.
    pour(in_force, [0.0] * 40)
    rules = replace(RULES, min_pairs=30)
    assert run(in_force, rules) == 0
    [tested] = rows(in_force, "select result from retunes")
    assert tested.result["certified"] is False
    assert tested.result["proposed"] is False


def test_with_an_open_alert_the_same_pairs_propose_a_raise(in_force: Engine) -> None:
    pour(in_force, [0.0] * 40)
    with in_force.begin() as connection:
        alert = put.add_alert(
            connection, cause="misroute:simple:all", evidence={"first_outcome": 1}
        )
    assert run(in_force, replace(RULES, min_pairs=30)) == 1
    [proposal] = proposals(in_force)
    assert (proposal.direction, proposal.certified, proposal.alert_id) == ("raise", False, alert)


def test_with_an_alert_open_only_pairs_of_its_regime_count(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    pour(in_force, [1.0] * 50, first=401)
    with in_force.begin() as connection:
        put.add_alert(connection, cause="misroute:simple:all", evidence={"first_outcome": 401})
    assert run(in_force, replace(RULES, min_pairs=51)) == 0
    assert run(in_force, replace(RULES, min_pairs=50)) == 1
    [proposal] = proposals(in_force)
    assert (proposal.direction, proposal.pairs) == ("raise", 50)
    assert proposal.evidence["first_outcome"] == 401


def test_a_tier_has_one_undecided_proposal(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    assert run(in_force) == 1
    pour(in_force, [0.0] * 400, first=401)
    an_hour_passes(in_force)
    assert run(in_force) == 0
    assert scalar(in_force, "select count(*) from retunes") == 1  # and no delta was spent
    with in_force.begin() as connection:
        reject_proposal(connection, proposals(in_force)[0].id, actor="ada", why="not now")
    assert run(in_force) == 1
    assert [proposal.state for proposal in proposals(in_force)] == ["rejected", "open"]


def test_a_proposal_nobody_decided_expires_and_is_looked_for_again(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    run(in_force)
    with in_force.begin() as connection:
        connection.execute(text("update proposals set expires_at = now()"))
    an_hour_passes(in_force)
    pour(in_force, [0.0] * 200, first=401)
    assert run(in_force) == 1
    assert [proposal.state for proposal in proposals(in_force)] == ["expired", "open"]
    expired = "select count(*) from audit where action = 'proposal.expired'"
    assert scalar(in_force, expired) == 1


def test_auto_mode_approves_what_is_certified(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    assert run(in_force, replace(RULES, mode="auto")) == 1
    [proposal] = proposals(in_force)
    assert proposal.state == "rolling_out"
    assert proposal.decided_by == "tierwatch (retune.mode: auto)"
    assert rows(in_force, "select candidate_version, share from active_policy") == [(2, 0.2)]


def test_auto_mode_leaves_what_is_not_certified_to_a_person(in_force: Engine) -> None:
    pour(in_force, bad_tier(500))
    assert run(in_force, replace(RULES, mode="auto")) == 1
    [proposal] = proposals(in_force)
    assert (proposal.certified, proposal.state) == (False, "open")
    assert rows(in_force, "select candidate_version from active_policy") == [(None,)]


def test_off_does_nothing(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400)
    assert run(in_force, replace(RULES, mode="off")) == 0
    assert scalar(in_force, "select count(*) from retunes") == 0


def test_other_judges_pairs_are_another_measurement(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400, judge_version="other/v1")
    assert run(in_force) == 0
    assert scalar(in_force, "select count(*) from retunes") == 0


def test_before_a_policy_is_in_force_nothing_is_tested(engine: Engine) -> None:
    pour(engine, [0.0] * 400)
    assert run(engine) == 0


def test_probes_down_are_evidence_for_the_boundary_too(in_force: Engine) -> None:
    pour(in_force, [0.0] * 400, tier="standard", boundary="simple", direction="down", pi=0.5)
    assert run(in_force) == 1
    assert proposals(in_force)[0].tier == "simple"


def test_a_judge_nobody_has_checked_certifies_nothing_when_its_errors_count(
    in_force: Engine,
) -> None:
    pour(in_force, [0.0] * 400)
    assert run(in_force, replace(RULES, correct_judge=True)) == 0
    result = scalar(in_force, "select result from retunes")
    assert not result["certified"]
    assert "gold" in result["reason"]


def test_labels_that_bear_the_judge_out_certify_again(in_force: Engine) -> None:
    with in_force.begin() as connection:
        for number in range(1, 1_001):
            # The judge caught 190 of 200 bad ones, and accused 20 of 800 good ones.
            bad, flagged = number <= 200, number <= 190 or 200 < number <= 220
            pair = put.add_exchange(connection, number)
            confidence = 0.3 if number <= 220 else 0.9
            put.add_outcome(
                connection, number, float(flagged), exchange_id=pair, confidence=confidence
            )
            said = "alternative" if bad else "tie"
            add_label(
                connection, pair, reviewer="ada", preferred=said, shown_first="served", note=""
            )
    assert run(in_force, replace(RULES, alpha={"simple": 0.2}, correct_judge=True)) == 1
    [proposal] = proposals(in_force)
    assert proposal.certified
    assert proposal.evidence["judge_errors"] == {
        "caught": 190,
        "bad": 200,
        "cleared": 780,
        "good": 800,
    }


def test_an_alert_about_all_task_types_cuts_the_evidence_too(in_force: Engine) -> None:
    pour(in_force, [0.0] * 300)
    with in_force.begin() as connection:
        first = connection.execute(text("select max(id) + 1 from outcomes")).scalar_one()
        put.add_alert(
            connection,
            cause="misroute:simple:*",
            segment="simple/*",
            evidence={"first_outcome": first},
        )
    pour(in_force, bad_tier(250), first=1_000)
    run(in_force)
    assert scalar(in_force, "select first_outcome from retunes") == first


def test_a_segment_whose_alert_cannot_be_read_is_not_tested_and_the_others_are(
    in_force: Engine,
) -> None:
    pour(in_force, [0.0] * 400)
    with in_force.begin() as connection:
        put.add_alert(connection, cause="misroute:simple:all", evidence={"version": 2})
    # Where its regime began is not known: what came before would flatter.
    assert run(in_force) == 0
    assert rows(in_force, "select * from retunes where tier = 'simple'") == []
    pour(in_force, [0.0] * 400, tier="standard")
    rules = replace(RULES, alpha={"simple": 0.05, "standard": 0.05})
    assert run(in_force, rules) == 1
    assert [proposal.tier for proposal in proposals(in_force)] == ["standard"]


def test_a_watched_router_is_asked_for_one_change_at_a_time(in_force: Engine) -> None:
    rules = replace(RULES, mode="auto", alpha={"simple": 0.05, "standard": 0.05})
    pour(in_force, [0.0] * 400)
    pour(in_force, [0.0] * 400, first=1001, tier="standard")
    retune(
        engine=in_force,
        rules=rules,
        judge_version=put.JUDGE,
        rollout_share=0.2,
        watched=WATCHED,
    )
    assert rows(in_force, "select tier, state from proposals order by id") == [
        ("simple", "approved"),
        ("standard", "open"),
    ]
    assert rows(in_force, "select state from router_changes") == [("waiting",)]
    assert scalar(in_force, "select candidate_version from active_policy") is None

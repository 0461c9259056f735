"""A task type gets a threshold of its own where its own pairs show that it may have one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.rollout import RolloutRules, rollout
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.routing.classify.task_types import MOST_TYPES
from tierwatch.routing.policy import Policy
from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.policies import load_policy

RULES = RetuneRules(
    mode="propose", alpha={"simple": 0.05}, delta=0.05, step=0.1, min_pairs=200, every_s=3600
)


@pytest.fixture
def typed(engine: Engine) -> Engine:
    """Policy 1 is in force, 0.70 for both tiers, and so are types easy and hard."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        put_types(connection, 1, ["easy", "hard"])
    return engine


def put_types(connection: Any, version: int, names: list[str]) -> None:
    add_types(connection, version=version, artefact=b"", names=names, evidence={}, mapping={})


def pour(engine: Engine, losses: Sequence[float], *, first: int = 1, **changes: Any) -> None:
    with engine.begin() as connection:
        for number, loss in enumerate(losses, first):
            spread = {"confidence": 0.5 + (number % 50) / 100}
            put.add_outcome(connection, number, loss, **(spread | changes))


def run(engine: Engine, rules: RetuneRules = RULES) -> int:
    return retune(engine=engine, rules=rules, judge_version=put.JUDGE, rollout_share=0.2)


def bad(count: int) -> list[float]:
    return [float(number // 50 % 10 < 3) for number in range(count)]


def proposals(engine: Engine) -> list[Any]:
    return rows(engine, "select * from proposals order by id")


def own_threshold(engine: Engine, version: int, task: str, value: float) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "update policies set by_task = jsonb_build_object(cast(:task as text),"
                " jsonb_build_object('simple', cast(:value as float))) where version = :version"
            ),
            {"task": task, "value": value, "version": version},
        )


def test_a_good_type_in_a_bad_tier_gets_a_certified_threshold_of_its_own(typed: Engine) -> None:
    pour(typed, [0.0] * 600, task_type="easy")
    pour(typed, bad(600), first=601, task_type="hard")
    run(typed)
    by_type = {proposal.task_type: proposal for proposal in proposals(typed)}
    easy = by_type["easy"]
    assert (easy.tier, easy.direction, easy.certified, easy.pairs) == ("simple", "lower", True, 600)
    assert (easy.from_threshold, easy.to_threshold) == (0.7, 0.6)
    assert easy.evidence["delta"] == pytest.approx(0.05 / MOST_TYPES / 2)
    assert by_type["hard"].direction == "raise"
    assert not by_type["hard"].certified
    assert by_type.get("all") is None or by_type["all"].direction == "raise"


def test_pairs_from_before_the_types_say_nothing_of_a_type(typed: Engine) -> None:
    pour(typed, [0.0] * 600)
    run(typed)
    assert [proposal.task_type for proposal in proposals(typed)] == ["all"]
    assert scalar(typed, "select count(*) from retunes where task_type <> 'all'") == 0


def test_too_few_pairs_of_a_type_leave_it_with_the_tiers_threshold(typed: Engine) -> None:
    pour(typed, [0.0] * 199, task_type="easy")
    assert run(typed) == 0


def test_what_has_its_own_threshold_no_longer_speaks_for_the_tiers(typed: Engine) -> None:
    own_threshold(typed, 1, "hard", 0.9)
    pour(typed, [0.0] * 400, task_type="easy")
    pour(typed, bad(400), first=401, task_type="hard")
    run(typed)
    by_type = {proposal.task_type: proposal for proposal in proposals(typed)}
    assert by_type["all"].pairs == 400
    assert by_type["all"].certified
    assert "hard" not in by_type or by_type["hard"].from_threshold == 0.9


def test_with_types_switched_off_only_tiers_are_tested(typed: Engine) -> None:
    pour(typed, [0.0] * 400, task_type="easy")
    with typed.begin() as connection:
        connection.execute(text("update task_types set active = false"))
    run(typed)
    assert [proposal.task_type for proposal in proposals(typed)] == ["all"]


def test_all_types_that_ever_were_spend_one_delta_together(typed: Engine) -> None:
    """Twenty parts of delta / 20, each spent over its own tests; a 21st name gets none."""
    for version in range(2, 24):
        with typed.begin() as connection:
            put_types(connection, version, [f"t{version}", f"u{version}"])
        pour(typed, [0.0] * 200, first=1000 * version, task_type=f"t{version}")
        run(typed, replace(RULES, mode="propose"))
    tested = rows(typed, "select task_type, delta from retunes where task_type <> 'all'")
    assert len(tested) == MOST_TYPES
    assert sum(row.delta for row in tested) <= RULES.delta
    assert {row.task_type for row in tested} == {f"t{version}" for version in range(2, 22)}


def test_an_approved_type_changes_its_threshold_alone_and_is_watched_alone(typed: Engine) -> None:
    pour(typed, [0.0] * 600, task_type="easy")
    run(typed)
    by_type = {proposal.task_type: proposal.id for proposal in proposals(typed)}
    with typed.begin() as connection:
        version = approve_proposal(connection, by_type["easy"], actor="ada", why="yes")
        assert version is not None
        policy = load_policy(connection, version)
    assert policy == Policy(2, {"simple": 0.7, "standard": 0.7}, {"easy": {"simple": 0.6}})
    rules = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)
    pour(typed, [1.0] * 150, first=5000, task_type="hard", policy_version=2)
    assert rollout(engine=typed, rules=rules) is None
    pour(typed, [0.0] * 100, first=6000, task_type="easy", policy_version=2)
    assert rollout(engine=typed, rules=rules) == "completed"


def test_a_tiers_rollout_does_not_count_types_with_their_own_threshold(typed: Engine) -> None:
    own_threshold(typed, 1, "hard", 0.9)
    with typed.begin() as connection:
        made = put.add_proposal(connection)
        assert approve_proposal(connection, made, actor="ada", why="yes") == 2
    rules = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)
    pour(typed, [1.0] * 150, task_type="hard", policy_version=2)
    assert rollout(engine=typed, rules=rules) is None
    pour(typed, [0.0] * 100, first=500, task_type="easy", policy_version=2)
    assert rollout(engine=typed, rules=rules) == "completed"


def test_a_types_proposal_is_replayed_on_the_requests_of_the_type_alone(typed: Engine) -> None:
    """Easy ones never fail, hard ones always; both were probed down from .60 to .69."""
    with typed.begin() as connection:
        for number in range(1_200):
            task = "hard" if number % 2 else "easy"
            confidence = 0.5 + (number % 50) / 100
            tier, direction = ("simple", "up") if confidence >= 0.7 else ("standard", "down")
            exchange_id = put.add_exchange(
                connection, number, tier=tier, direction=direction, task_type=task
            )
            put.add_shadow(connection, exchange_id)
            put.add_outcome(
                connection,
                number,
                float(task == "hard"),
                exchange_id=exchange_id,
                tier=tier,
                boundary="simple",
                direction=direction,
                task_type=task,
                confidence=confidence,
            )
    run(typed)
    (easy,) = [one for one in proposals(typed) if one.task_type == "easy"]
    (boundary,) = [one for one in easy.evidence["replay"]["boundaries"] if one["tier"] == "simple"]
    assert (boundary["threshold_now"], boundary["threshold"]) == (0.7, 0.6)
    # Confidences .50 to .98 in steps of .02, of which 20 of 25 are kept: 480 of the 600 easy pairs.
    assert boundary["misroute"]["value"] == 0.0
    assert boundary["misroute"]["n"] == 480
    assert boundary["kept"]["value"] == pytest.approx(0.8)
    assert boundary["misroute_robust"]["value"] is None  # all traffic is not counted by type

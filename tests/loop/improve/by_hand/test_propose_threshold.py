"""A threshold that a person names gets the evidence that a search would give it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import factories.rows as put
import numpy as np
import pytest
from factories.routed import routed, store_routed
from sqlalchemy import Connection, func, select, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.evaluation.thresholds.choice import choose_threshold
from tierwatch.loop.decide.approvals import ApprovalRules
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.improve.by_hand.propose_threshold import (
    NamedThreshold,
    named_choice,
    propose_threshold,
)
from tierwatch.loop.improve.objective import Objective
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.proposals import Proposal, load_proposal
from tierwatch.store.retunes import last_retune
from tierwatch.store.schema.every_table import METADATA

RULES = RetuneRules(
    mode="propose",
    alpha={"simple": 0.05, "standard": 0.05},
    delta=0.05,
    step=0.1,
    min_pairs=200,
    every_s=3600,
)
TOGETHER = replace(RULES, objective=Objective(0.95, ["simple", "standard"], "complex"))

ADA: dict[str, Any] = {"approvals": ApprovalRules(), "actor": "ada", "person": "ada"}


@pytest.fixture
def in_force(connection: Connection) -> Connection:
    """Policy 1 is active: 0.70 for both tiers."""
    put.add_policy(connection)
    put.put_in_force(connection)
    return connection


def pour(connection: Connection, losses: Sequence[float], **changes: Any) -> None:
    """Pairs with confidences from 0.50 to 0.99 in turn."""
    for number, loss in enumerate(losses, 1):
        spread = {"confidence": 0.5 + (number % 50) / 100}
        put.add_outcome(connection, number, loss, **(spread | changes))


def propose(
    connection: Connection, threshold: float, *, rules: RetuneRules = RULES, **named: Any
) -> Proposal:
    wanted = NamedThreshold(**({"tier": "simple", "threshold": threshold} | named))
    made = propose_threshold(connection, wanted, rules=rules, **ADA, why=" too dear ")
    found = load_proposal(connection, made)
    assert found is not None
    return found


def test_a_named_threshold_is_certified_on_the_pairs_there_are(in_force: Connection) -> None:
    pour(in_force, [0.0] * 600)
    made = propose(in_force, 0.63)
    assert (made.from_threshold, made.to_threshold, made.direction) == (0.7, 0.63, "lower")
    assert (made.certified, made.pairs, made.state) == (True, 600, "open")
    assert (made.proposed_by, made.proposed_why) == ("ada", "too dear")
    assert made.evidence.reason.startswith("at 0.63 the misroute rate is at most 1.0 %")
    assert made.evidence.moving.lowers
    # Of 600 pairs 12 have each of the confidences from 0.63 to 0.69.
    assert made.evidence.moving.effective == pytest.approx(84)
    line = in_force.execute(text("select actor, detail from audit")).one()
    assert (line.actor, line.detail["why"]) == ("ada", "too dear")
    assert "through" not in line.detail


def test_the_audit_says_what_a_person_proposed_with(in_force: Connection) -> None:
    by = ADA | {"actor": "token:ci"}
    propose_threshold(in_force, NamedThreshold("simple", 0.65), rules=RULES, **by, why="too dear")
    line = in_force.execute(text("select actor, detail from audit")).one()
    assert (line.actor, line.detail["through"]) == ("ada", "token:ci")


def test_it_may_lie_further_than_a_step_and_is_tested_all_the_way(in_force: Connection) -> None:
    pour(in_force, [0.0] * 600)
    made = propose(in_force, 0.5)
    assert made.certified
    assert min(tested.threshold for tested in made.evidence.bounds) == 0.5


def test_what_is_not_shown_to_hold_is_proposed_as_such(in_force: Connection) -> None:
    # A third of those below 0.70 are worse.
    losses = [float(0.5 + (n % 50) / 100 < 0.695 and n % 3 == 0) for n in range(1, 601)]
    pour(in_force, losses)
    made = propose(in_force, 0.55)
    assert not made.certified
    assert "testing from strict to loose ended before 0.55" in made.evidence.reason
    assert made.evidence.moving.are_bad


def test_without_any_pair_the_proposal_says_that_nothing_is_known(in_force: Connection) -> None:
    made = propose(in_force, 0.9)
    assert (made.certified, made.pairs, made.direction) == (False, 0, "raise")
    assert made.evidence.replay is None
    assert made.predicted.misroute.value is None
    assert "no pair is kept" in made.evidence.reason


def test_each_test_spends_its_part_of_delta(in_force: Connection) -> None:
    pour(in_force, [0.0] * 600)
    first = propose(in_force, 0.65)
    in_force.execute(text("update proposals set state = 'rejected'"))
    second = propose(in_force, 0.65)
    # delta / ((k + 1)(k + 2)): .05 / 2, .05 / 6.
    assert [first.evidence.delta, second.evidence.delta] == pytest.approx([0.025, 0.05 / 6])
    last = last_retune(in_force, "simple", "all")
    assert last is not None
    assert last.k == 1


def test_it_goes_the_way_of_every_proposal_with_another_person(in_force: Connection) -> None:
    pour(in_force, [0.0] * 600)
    made = propose(in_force, 0.65)
    rules = ApprovalRules(2)
    with pytest.raises(ConflictError, match="made by ada"):
        approve_proposal(in_force, made.id, actor="ada", person="ada", why="mine", rules=rules)
    approved = approve_proposal(
        in_force, made.id, actor="bob", person="bob", why="fine", rules=rules
    )
    assert approved == 2


def test_a_task_type_may_get_a_threshold_of_its_own(in_force: Connection) -> None:
    add_types(in_force, version=1, artefact=b"", names=["easy"], evidence={}, mapping={})
    pour(in_force, [0.0] * 600, task_type="easy")
    made = propose(in_force, 0.6, task_type="easy")
    assert (made.task_type, made.certified) == ("easy", True)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"tier": "complex"}, "tier: found 'complex'; accepted: simple, standard"),
        ({"task_type": "nope"}, "task type: found 'nope'; accepted: all"),
        ({"threshold": 1.01}, "threshold: found 1.01; accepted: 0 to 1 with two decimals"),
        ({"threshold": -0.1}, "found -0.1; accepted: 0 to 1"),
        ({"threshold": 0.655}, "found 0.655; accepted: 0 to 1 with two decimals"),
        ({"threshold": math.nan}, "found nan; accepted: 0 to 1"),
        ({"threshold": math.inf}, "found inf; accepted: 0 to 1"),
        ({"threshold": 0.7}, "found 0.70, which is active; accepted: another one"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(
    in_force: Connection, named: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        propose(in_force, **({"threshold": 0.65} | named))
    assert said in str(refused.value)
    for table in ("proposals", "retunes", "audit"):
        count = select(func.count()).select_from(METADATA.tables[table])
        assert in_force.execute(count).scalar_one() == 0


@pytest.mark.parametrize("sent", [0.7 + 1e-9, 0.8 - 0.1])
def test_a_number_of_another_rounding_is_the_one_of_the_grid(
    in_force: Connection, sent: float
) -> None:
    with pytest.raises(UsageError, match=r"found 0\.70, which is active"):
        propose(in_force, sent)
    pour(in_force, [0.0] * 600)
    made = propose(in_force, sent - 0.07)
    assert (made.to_threshold, made.certified) == (0.63, True)


def test_a_reason_is_required(in_force: Connection) -> None:
    with pytest.raises(UsageError, match="a reason is required"):
        propose_threshold(in_force, NamedThreshold("simple", 0.6), rules=RULES, **ADA, why=" ")


def test_another_proposal_of_the_tier_comes_first(in_force: Connection) -> None:
    other = put.add_proposal(in_force)
    with pytest.raises(ConflictError, match=rf"proposal {other} about simple is open; it comes"):
        propose(in_force, 0.65)
    assert propose(in_force, 0.65, tier="standard").tier == "standard"


def test_before_there_is_a_policy_nothing_can_be_proposed(connection: Connection) -> None:
    with pytest.raises(ConflictError, match="there is no policy yet"):
        propose(connection, 0.65)


def test_under_an_objective_all_tiers_are_tested_with_it(in_force: Connection) -> None:
    pairs = routed(np.random.default_rng(1), 3_000, (0.7, 0.7))
    store_routed(in_force, pairs)
    made = propose(in_force, 0.65, rules=TOGETHER)
    evidence = made.evidence
    assert isinstance(evidence, ObjectiveEvidence)
    assert evidence.objective.quality == 0.95
    assert made.certified == (evidence.objective.bound_then <= evidence.objective.allowed)
    assert made.proposed_by == "ada"
    with pytest.raises(ConflictError, match=rf"proposal {made.id} about simple is open"):
        propose(in_force, 0.65, rules=TOGETHER, tier="standard")


def test_under_an_objective_without_pairs_there_is_nothing_to_hold_it_against(
    in_force: Connection,
) -> None:
    with pytest.raises(ConflictError, match="no pair of this policy is judged yet"):
        propose(in_force, 0.65, rules=TOGETHER)


def test_all_that_a_search_passed_may_be_named() -> None:
    found = choose_threshold(
        [0.85] * 200 + [0.65] * 100, [0] * 200 + [1] * 100, None,
        alpha=0.05, delta=0.05, current=0.7, step=0.1,
    )  # fmt: skip
    assert found.threshold == 0.66
    for threshold, certified in ((0.7, True), (0.66, True), (0.65, False), (0.6, False)):
        named = named_choice(found, threshold, 0.05)
        assert (named.threshold, named.certified) == (threshold, certified)
    assert named_choice(found, 0.65, 0.05).reason.startswith("at 0.65 the misroute rate may be up")
    assert "ended before 0.60" in named_choice(found, 0.6, 0.05).reason

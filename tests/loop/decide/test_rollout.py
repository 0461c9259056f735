"""Good pairs complete a rollout and bad ones end it; a candidate changes what its proposal says."""

from collections.abc import Sequence
from dataclasses import replace

import factories.rows as put
import numpy as np
import pytest
from factories import evidence as stored
from factories.decided import proposal
from fakes.collaborators import rows, scalar
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.loop.decide.rollout import (
    RolloutRules,
    ServedPair,
    finish_rollout,
    pairs_until_shown_worse,
    promised_limit,
    promised_rate,
    rollout,
    start_rollout,
)
from tierwatch.routing.policy import Policy
from tierwatch.store.learned.artefacts import add_artefact
from tierwatch.store.policies import active_policies, add_policy, load_policy
from tierwatch.store.proposals import load_proposal

RULES = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)


@pytest.fixture
def proposal_id(engine: Engine) -> int:
    """Its candidate, policy 2, is being rolled out; at most 20 % of its pairs were promised bad."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        made = put.add_proposal(connection)
        assert approve_proposal(connection, made, actor="ada", why="yes") == 2
    return made


def pour(engine: Engine, losses: Sequence[float], **changes: object) -> None:
    with engine.begin() as connection:
        for number, loss in enumerate(losses, 1):
            put.add_outcome(connection, number, loss, **{"policy_version": 2, **changes})


def state(engine: Engine) -> tuple[str, int, int | None]:
    row = rows(engine, "select stable_version, candidate_version from active_policy")[0]
    return scalar(engine, "select state from proposals order by id limit 1"), row[0], row[1]


def test_a_rollout_completes_after_its_pairs(engine: Engine, proposal_id: int) -> None:
    pour(engine, [0.0] * 99)
    assert rollout(engine=engine, rules=RULES) is None
    assert state(engine) == ("rolling_out", 1, 2)
    pour(engine, [0.0])
    assert rollout(engine=engine, rules=RULES) == "completed"
    assert state(engine) == ("active", 2, None)
    assert rollout(engine=engine, rules=RULES) is None
    assert scalar(engine, "select ended_why from proposals") == (
        "100 pairs within the promised 20.0 %"
    )
    row = rows(engine, "select actor, subject from audit where action = 'rollout.completed'")
    assert [tuple(line) for line in row] == [("tierwatch", "policy/2")]


def test_bad_pairs_take_the_candidate_back(engine: Engine, proposal_id: int) -> None:
    # Level 100 / 1 % = 10,000; against a promise of 20 % the boldest bet multiplies its evidence
    # by at most 4 a bad pair: 30 are far more than enough and fewer than the 100 to complete.
    pour(engine, [1.0] * 30)
    assert rollout(engine=engine, rules=RULES) == "rolled_back"
    assert state(engine) == ("rolled_back", 1, None)
    assert scalar(engine, "select share from active_policy") == 0.0
    assert scalar(engine, "select actor from audit where action = 'rollout.rolled_back'") == (
        "tierwatch"
    )
    why = scalar(engine, "select ended_why from proposals")
    assert why.startswith("misroute rate above the promised 20.0 % after ")


def test_the_rate_that_was_promised_is_not_held_against_it(
    engine: Engine, proposal_id: int
) -> None:
    # Every tenth pair bad: above the tolerance of 5 %, within the promised 20 %.
    pour(engine, [float(n % 10 == 0) for n in range(100)])
    assert rollout(engine=engine, rules=RULES) == "completed"


def test_only_the_changed_tiers_pairs_under_the_candidate_count(
    engine: Engine, proposal_id: int
) -> None:
    pour(engine, [1.0] * 50, policy_version=1)
    pour(engine, [1.0] * 50, tier="standard")
    pour(engine, [1.0] * 50, direction="down")
    pour(engine, [0.0] * 99)
    assert rollout(engine=engine, rules=RULES) is None
    assert state(engine) == ("rolling_out", 1, 2)


def test_while_the_judge_is_not_trusted_none_completes_and_none_starts(
    engine: Engine, proposal_id: int
) -> None:
    with engine.begin() as connection:
        put.add_anchors(connection, 102, 408)
        weigh_judge(connection, put.JUDGE)
    pour(engine, [0.0] * 150)
    assert rollout(engine=engine, rules=RULES) is None
    assert state(engine) == ("rolling_out", 1, 2)
    with engine.begin() as connection:
        put.add_anchors(connection, 300, 408)
        weigh_judge(connection, put.JUDGE)
    assert rollout(engine=engine, rules=RULES) == "completed"


def test_it_is_taken_back_whatever_the_judge_is_worth(engine: Engine, proposal_id: int) -> None:
    with engine.begin() as connection:
        put.add_anchors(connection, 102, 408)
        weigh_judge(connection, put.JUDGE)
        waiting = put.add_proposal(connection, tier="standard")
        approve_proposal(connection, waiting, actor="ada", why="next", despite_judge=True)
    pour(engine, [1.0] * 50)
    assert rollout(engine=engine, rules=RULES) == "rolled_back"
    assert rollout(engine=engine, rules=RULES) is None  # the next one waits for a judge


def test_a_promise_of_anything_is_still_watched(engine: Engine) -> None:
    unlimited = {**stored.estimate(0.5), "high": 1.0}
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        predicted = dict.fromkeys(("misroute", "cost_change", "kept"), unlimited)
        made = put.add_proposal(connection, predicted=predicted)
        approve_proposal(connection, made, actor="ada", why="yes")
    pour(engine, [0.0] * 100)
    assert rollout(engine=engine, rules=RULES) == "completed"


def test_no_prediction_leaves_the_tolerance_as_the_promise(engine: Engine) -> None:
    nothing = {**stored.estimate(None, 0), "low": None, "high": None}
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        predicted = dict.fromkeys(("misroute", "cost_change", "kept"), nothing)
        made = put.add_proposal(connection, predicted=predicted)
        approve_proposal(connection, made, actor="ada", why="yes")
    pour(engine, [1.0] * 30)
    assert rollout(engine=engine, rules=RULES) == "rolled_back"
    assert "promised 5.0 %" in scalar(engine, "select ended_why from proposals")


@pytest.mark.parametrize(
    ("quality", "end"), [(None, "rolled_back"), (0.95, "rolled_back"), (0.9, "completed")]
)
def test_what_a_proposal_promised_counts_only_under_its_objective(
    engine: Engine, quality: float | None, end: str
) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        evidence = {"objective": {"quality": 0.9}, "promised": {"simple": 0.6}}
        made = put.add_proposal(connection, evidence=evidence)
        approve_proposal(connection, made, actor="ada", why="yes")
    # Every other pair bad: within the 60 %, above the 20 % of what is predicted of the tier.
    pour(engine, [float(n % 2) for n in range(100)])
    assert rollout(engine=engine, rules=replace(RULES, quality=quality)) == end


def test_an_old_promise_is_not_taken_for_that_of_a_single_threshold(engine: Engine) -> None:
    promised = Policy(1, {"simple": 0.7, "standard": 0.7}).with_promises(
        {"simple": 0.6, "standard": 0.4}, quality=0.9
    )
    with engine.begin() as connection:
        add_policy(connection, promised, author="ada", reason="an objective, then")
        put.put_in_force(connection)
        made = put.add_proposal(connection)
        assert approve_proposal(connection, made, actor="ada", why="yes") == 2
        candidate = load_policy(connection, 2)
    assert candidate is not None
    assert dict(candidate.promised) == {"standard": 0.4}
    pour(engine, [float(n % 2) for n in range(100)])
    assert rollout(engine=engine, rules=replace(RULES, quality=0.9)) == "rolled_back"


def test_the_next_approved_proposal_starts_once_the_rollout_ended(
    engine: Engine, proposal_id: int
) -> None:
    with engine.begin() as connection:
        second = put.add_proposal(connection, tier="standard", to_threshold=0.75)
        assert approve_proposal(connection, second, actor="bob", why="yes") is None
    pour(engine, [0.0] * 100)
    assert rollout(engine=engine, rules=RULES) == "completed"
    assert rollout(engine=engine, rules=replace(RULES, share=0.1)) == "started"
    assert rows(engine, "select stable_version, candidate_version, share from active_policy") == [
        (2, 3, 0.1)
    ]
    assert scalar(engine, "select thresholds from policies where version = 3") == {
        "simple": 0.8,
        "standard": 0.75,
    }


def test_with_nothing_to_roll_out_nothing_moves(engine: Engine) -> None:
    assert rollout(engine=engine, rules=RULES) is None
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
    assert rollout(engine=engine, rules=RULES) is None


def served(losses: list[float], weight: float = 1.0) -> list[ServedPair]:
    return [ServedPair(loss, weight) for loss in losses]


def test_good_pairs_show_nothing_worse_and_bad_ones_do_soon() -> None:
    assert pairs_until_shown_worse([], 0.05, RULES) is None
    assert pairs_until_shown_worse(served([0.0] * 500), 0.05, RULES) is None
    found = pairs_until_shown_worse(served([1.0] * 500), 0.05, RULES)
    # Level 100 / 1 % = 10,000; the boldest of the bets multiplies its evidence by 5 a pair, and
    # counts a fifth of them: 5^n / 5 >= 10,000 at the seventh.
    assert found is not None
    assert found <= 8


def test_pairs_that_are_too_heavy_for_the_plan_do_not_count() -> None:
    heavy = served([1.0] * 500, weight=1.5)
    assert pairs_until_shown_worse(heavy, 0.05, RULES) is None
    wider = replace(RULES, max_weight=1.5)
    assert pairs_until_shown_worse(heavy, 0.05, wider) is not None


@settings(max_examples=30)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=120), st.floats(0.05, 0.6))
def test_a_higher_promise_is_broken_no_sooner(losses: list[float], promised: float) -> None:
    strict = pairs_until_shown_worse(served(losses), promised, RULES)
    loose = pairs_until_shown_worse(served(losses), promised + 0.3, RULES)
    if loose is not None:
        assert strict is not None
        assert strict <= loose


@pytest.mark.parametrize("seed", range(3))
def test_a_rate_as_promised_is_seldom_taken_back(seed: int) -> None:
    # A false rollback has a chance of at most pairs / level = 100 / 10,000 for each run.
    losses = (np.random.default_rng(seed).random(100) < 0.2).astype(float).tolist()
    assert pairs_until_shown_worse(served(losses), 0.2, RULES) is None


def test_nothing_starts_without_a_policy_or_an_approval(connection: Connection) -> None:
    assert start_rollout(connection, share=0.2) is None
    put.add_policy(connection)
    put.put_in_force(connection)
    put.add_proposal(connection)
    assert start_rollout(connection, share=0.2) is None


def test_a_step_of_all_tiers_makes_the_promises_it_was_tested_with(in_force: Connection) -> None:
    evidence = {"objective": {"quality": 0.9}, "promised": {"simple": 0.06, "standard": 0.03}}
    put.add_proposal(in_force, state="approved", decided_by="ada", evidence=evidence)
    version = start_rollout(in_force, share=0.3)
    assert version == 2
    policy = load_policy(in_force, version)
    assert policy is not None
    assert (dict(policy.promised), policy.promised_for) == ({"simple": 0.06, "standard": 0.03}, 0.9)
    assert policy.threshold("simple") == 0.8


def test_the_threshold_of_a_type_changes_that_type_alone(in_force: Connection) -> None:
    put.add_proposal(in_force, state="approved", decided_by="ada", task_type="sql")
    version = start_rollout(in_force, share=0.3)
    assert version is not None
    policy = load_policy(in_force, version)
    assert policy is not None
    assert (policy.threshold("simple"), policy.threshold("simple", "sql")) == (0.7, 0.8)


def test_a_model_changes_the_model_and_its_threshold(in_force: Connection) -> None:
    artefact = add_artefact(
        in_force, "simple", artefact=b"a model", pairs=1, position=1, author="ada"
    )
    put.add_proposal(
        in_force, state="approved", decided_by="ada", kind="model", artefact_id=artefact
    )
    version = start_rollout(in_force, share=0.3)
    assert version is not None
    policy = load_policy(in_force, version)
    assert policy is not None
    assert (policy.classifier, policy.threshold("simple")) == (1, 0.8)


@pytest.mark.parametrize("end", [finish_rollout, cancel_rollout])
def test_there_is_no_end_of_what_never_began(connection: Connection, end: object) -> None:
    who = {"actor": "ada"} if end is cancel_rollout else {}
    with pytest.raises(ConflictError, match="proposal 7 is not being rolled out"):
        end(connection, proposal(), why="because", **who)  # type: ignore[operator]


def test_a_candidate_taken_back_leaves_the_stable_policy_to_everybody(
    in_force: Connection,
) -> None:
    made = put.add_proposal(in_force, state="approved", decided_by="ada")
    start_rollout(in_force, share=0.3)
    running = load_proposal(in_force, made)
    assert running is not None
    cancel_rollout(in_force, running, actor="ada", why="a test")
    active = active_policies(in_force)
    assert active is not None
    assert (active.stable.version, active.candidate, active.share) == (1, None, 0.0)
    ended = load_proposal(in_force, made)
    assert ended is not None
    assert (ended.state, ended.ended_why) == ("rolled_back", "a test")


@pytest.mark.parametrize(
    ("n", "value", "promised"), [(29, 0.02, None), (30, 0.02, 0.05), (30, None, None)]
)
def test_thirty_pairs_are_needed_for_a_promise(
    n: int, value: float | None, promised: float | None
) -> None:
    assert promised_rate(Estimate(value, 0.0, 0.05, n, "Hajek")) == promised


def test_a_model_of_unknown_rate_promises_nothing_new(in_force: Connection) -> None:
    in_force.exec_driver_sql(
        "update policies set promised = '{\"simple\": 0.07}', promised_for = 0.95"
    )
    artefact = add_artefact(
        in_force, "simple", artefact=b"a model", pairs=1, position=1, author="ada"
    )
    unknown = stored.predicted(misroute=stored.estimate(None, 0))
    put.add_proposal(
        in_force,
        state="approved",
        decided_by="ada",
        kind="model",
        artefact_id=artefact,
        predicted=unknown,
    )
    version = start_rollout(in_force, share=0.3)
    assert version is not None
    policy = load_policy(in_force, version)
    assert policy is not None
    assert policy.tolerance("simple", 0.05, 0.95) == 0.05


def test_what_a_person_lowers_is_held_to_what_is_tolerated() -> None:
    bad = stored.predicted(misroute=stored.estimate(0.12) | {"high": 0.2})
    rules = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)
    for changes, promised in (
        ({"proposed_by": "ada", "direction": "lower"}, 0.05),
        ({"proposed_by": "ada", "direction": "raise"}, 0.2),
        ({"direction": "raise"}, 0.2),
    ):
        made = proposal(predicted=bad, **changes)
        assert promised_limit(made, None, rules) == promised, changes


def test_without_a_pair_nothing_but_the_tolerated_rate_is_promised() -> None:
    unknown = stored.predicted(
        misroute={"value": None, "low": 0.0, "high": 1.0, "n": 0, "method": "no pairs"}
    )
    for tolerance, promised in ((0.05, 0.05), (0.0, 0.01)):
        rules = RolloutRules(
            share=0.2, min_pairs=100, tolerance={"simple": tolerance}, max_weight=1.0
        )
        assert promised_limit(proposal(predicted=unknown), None, rules) == promised

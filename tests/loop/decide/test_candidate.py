"""A candidate is the stable policy of its moment with what one proposal changes."""

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.decided import proposal
from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.decide.candidate import (
    cancel_rollout,
    finish_rollout,
    promised_rate,
    start_rollout,
)
from tierwatch.store.learned.artefacts import add_artefact
from tierwatch.store.policies import active_policies, load_policy
from tierwatch.store.proposals import load_proposal


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

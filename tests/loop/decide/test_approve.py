"""A decision needs a reason, is taken once, and has a way back."""

from concurrent.futures import ThreadPoolExecutor

import factories.rows as put
import pytest
from factories.decided import active, audit
from fakes.collaborators import scalar
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.loop.decide.end import withdraw_loosening
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.loop.decide.rollout import finish_rollout, start_rollout
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.store.policies import active_policies, load_policy, lock_active
from tierwatch.store.proposals import load_proposal


def distrusted(connection: Connection) -> None:
    put.add_anchors(connection, 102, 408)
    weigh_judge(connection, put.JUDGE)


def approvals(connection: Connection) -> list[dict[str, str]]:
    query = text("select detail from audit where action = 'proposal.approved'")
    return list(connection.execute(query).scalars())


def test_what_an_untrusted_judge_supports_is_held_back(in_force: Connection) -> None:
    distrusted(in_force)
    made = put.add_proposal(in_force)
    with pytest.raises(ConflictError, match=r"held back. NOT TRUSTED: .* 102 of 408"):
        approve_proposal(in_force, made, actor="ada", why="looks good")
    proposal = load_proposal(in_force, made)
    assert proposal is not None
    assert proposal.state == "open"
    # Rejecting needs no evidence.
    reject_proposal(in_force, made, actor="ada", why="no judge")


def test_a_person_may_override_it_and_the_audit_keeps_that(in_force: Connection) -> None:
    distrusted(in_force)
    made = put.add_proposal(in_force)
    version = approve_proposal(in_force, made, actor="ada", why="known", despite_judge=True)
    assert version == 2
    [detail] = approvals(in_force)
    assert detail["despite"].startswith("NOT TRUSTED: ")
    assert detail["why"] == "known"


def test_with_a_trusted_judge_the_override_says_nothing(in_force: Connection) -> None:
    made = put.add_proposal(in_force)
    approve_proposal(in_force, made, actor="ada", why="known", despite_judge=True)
    [detail] = approvals(in_force)
    assert "despite" not in detail


def blocked(engine: Engine) -> bool:
    asked = "select count(*) from pg_stat_activity where datname = current_database()"
    return bool(scalar(engine, f"{asked} and wait_event_type = 'Lock'"))


@pytest.mark.parametrize("who", ["alert", "retune"])
def test_the_active_policy_is_locked_before_proposals(engine: Engine, who: str) -> None:
    """As approving locks them: whoever takes proposals first would wait for it, and it for them."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        made = put.add_proposal(connection, direction="lower", to_threshold=0.6)
        if who == "alert":
            approve_proposal(connection, made, actor="ada", why="yes")
        else:
            connection.execute(text("update proposals set expires_at = now()"))

    def alert() -> None:
        with engine.begin() as connection:
            withdraw_loosening(connection, "simple", why="an alert")

    def retune_once() -> None:
        rules = RetuneRules("propose", {"simple": 0.05}, 0.05, 0.1, 200, 3600)
        retune(engine=engine, rules=rules, judge_version=put.JUDGE, rollout_share=0.2)

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            lock_active(connection)
            other = pool.submit(alert if who == "alert" else retune_once)
            while not blocked(engine):
                assert not other.done()
            connection.execute(text("set local lock_timeout = '1s'"))
            assert load_proposal(connection, made, lock=True) is not None
        other.result()
    ended = "rolled_back" if who == "alert" else "expired"
    assert scalar(engine, "select state from proposals") == ended


def test_an_approval_stores_the_candidate_and_gives_it_its_share(in_force: Connection) -> None:
    proposal_id = put.add_proposal(in_force)
    version = approve_proposal(in_force, proposal_id, actor="ada", why=" looks right ", share=0.3)
    assert version == 2
    candidate = load_policy(in_force, 2)
    assert candidate is not None
    assert dict(candidate.thresholds) == {"simple": 0.8, "standard": 0.7}
    assert active(in_force) == (1, 2, 0.3)
    proposal = load_proposal(in_force, proposal_id)
    assert (proposal.state, proposal.candidate_version) == ("rolling_out", 2)
    assert (proposal.decided_by, proposal.decided_why) == ("ada", "looks right")
    author = in_force.execute(text("select author, reason from policies where version = 2")).one()
    assert tuple(author) == ("ada", f"proposal {proposal_id}: looks right")
    assert audit(in_force) == [
        ("ada", "proposal.approved", f"proposal/{proposal_id}"),
        ("tierwatch", "rollout.started", "policy/2"),
    ]


def test_a_rollout_draws_its_sessions_with_a_salt_of_its_own(in_force: Connection) -> None:
    approve_proposal(in_force, put.add_proposal(in_force), actor="ada", why="yes")
    policies = active_policies(in_force)
    assert policies is not None
    assert policies.salt != "salt"
    # 2,000 sessions at a share of 0.2: mean 400, standard deviation 17.9; five of them either way.
    on_candidate = sum(policies.for_session(f"s{n}").version == 2 for n in range(2_000))
    assert 310 < on_candidate < 490


@pytest.mark.parametrize("why", ["", "  \n"])
def test_a_decision_without_a_reason_is_refused(in_force: Connection, why: str) -> None:
    proposal_id = put.add_proposal(in_force)
    for decide in (approve_proposal, reject_proposal):
        with pytest.raises(UsageError, match="a reason is required"):
            decide(in_force, proposal_id, actor="ada", why=why)
    with pytest.raises(UsageError, match="a reason is required"):
        roll_back_to(in_force, 1, actor="ada", why=why)
    assert load_proposal(in_force, proposal_id).state == "open"
    assert audit(in_force) == []


def test_a_second_decision_is_a_conflict_that_names_the_first(in_force: Connection) -> None:
    proposal_id = put.add_proposal(in_force)
    approve_proposal(in_force, proposal_id, actor="ada", why="yes")
    for decide in (approve_proposal, reject_proposal):
        with pytest.raises(ConflictError, match="is rolling_out already, by ada"):
            decide(in_force, proposal_id, actor="bob", why="no")
    assert load_proposal(in_force, proposal_id).decided_by == "ada"


def test_what_does_not_exist_cannot_be_decided(in_force: Connection) -> None:
    with pytest.raises(ConflictError, match="there is no proposal 77"):
        approve_proposal(in_force, 77, actor="ada", why="yes")


def test_a_rejection_ends_the_proposal_and_changes_no_policy(in_force: Connection) -> None:
    proposal_id = put.add_proposal(in_force)
    reject_proposal(in_force, proposal_id, actor="ada", why="too dear")
    proposal = load_proposal(in_force, proposal_id)
    assert (proposal.state, proposal.decided_why, proposal.ended_why) == (
        "rejected",
        "too dear",
        "rejected",
    )
    assert proposal.ended_at is not None
    assert active(in_force) == (1, None, 0.0)
    assert audit(in_force) == [("ada", "proposal.rejected", f"proposal/{proposal_id}")]


def test_a_second_approval_waits_for_the_first_rollout_and_builds_on_it(
    in_force: Connection,
) -> None:
    first = put.add_proposal(in_force)
    second = put.add_proposal(in_force, tier="standard", to_threshold=0.6, direction="lower")
    assert approve_proposal(in_force, first, actor="ada", why="yes") == 2
    assert approve_proposal(in_force, second, actor="bob", why="also yes") is None
    assert load_proposal(in_force, second).state == "approved"
    assert start_rollout(in_force, share=0.2) is None
    finish_rollout(in_force, load_proposal(in_force, first), why="100 pairs")
    assert active(in_force) == (2, None, 0.0)
    assert load_proposal(in_force, first).state == "active"
    assert start_rollout(in_force, share=0.2) == 3
    candidate = load_policy(in_force, 3)
    assert candidate is not None
    # Both decisions: the first one's 0.8 and the second one's 0.6.
    assert dict(candidate.thresholds) == {"simple": 0.8, "standard": 0.6}
    assert active(in_force) == (2, 3, 0.2)


@pytest.mark.parametrize("kind", ["threshold", "model"])
def test_what_another_policy_has_overtaken_is_not_approved(in_force: Connection, kind: str) -> None:
    made = put.add_proposal(in_force, tier="standard", kind=kind)
    approve_proposal(in_force, first := put.add_proposal(in_force), actor="ada", why="yes")
    finish_rollout(in_force, load_proposal(in_force, first), why="100 pairs")
    with pytest.raises(ConflictError, match=r"beside the thresholds of policy 1, and policy 2 is"):
        approve_proposal(in_force, made, actor="ada", why="yes")
    # Back to the thresholds it was tested beside, after complaints: it is from before those.
    roll_back_to(in_force, 1, actor="ada", why="complaints")
    with pytest.raises(ConflictError, match=r"and policy 3 is active; the next re.* again"):
        approve_proposal(in_force, made, actor="ada", why="yes")
    assert load_proposal(in_force, made).state == "open"
    reject_proposal(in_force, made, actor="ada", why="old")

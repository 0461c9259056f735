"""Two persons: who may be one of them, and when both have agreed."""

from typing import Any

import pytest
from factories import decided
from factories import rows as put
from factories.decided import active
from sqlalchemy import Connection, select

from tierwatch.errors import ConflictError
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.decide.approvals import ApprovalRules, proposer, why_not
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.loop.decide.rollout import finish_rollout
from tierwatch.store.policies import load_policy
from tierwatch.store.proposals import approvals_of, load_proposal
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.policies import PolicyRow

TWO = ApprovalRules(2)


def approve(connection: Connection, made: int, who: str, **changes: Any) -> int | None:
    said = {"why": f"{who} agrees", "person": who, "rules": TWO} | changes
    return approve_proposal(connection, made, actor=who, **said)


def details(connection: Connection, action: str) -> list[dict[str, Any]]:
    found = connection.execute(select(AuditRow.detail).where(AuditRow.action == action))
    return list(found.scalars())


def test_the_first_of_two_approvals_is_kept_and_the_second_activates(
    in_force: Connection,
) -> None:
    made = put.add_proposal(in_force)
    assert approve(in_force, made, "ada") is None
    assert load_proposal(in_force, made).state == "open"
    assert active(in_force) == (1, None, 0.0)
    [first] = approvals_of(in_force, [made])[made]
    assert (first.person, first.actor, first.why) == ("ada", "ada", "ada agrees")
    assert details(in_force, "proposal.first_approval") == [
        {"why": "ada agrees", "before": "open", "after": "open"}
    ]

    assert approve(in_force, made, "bob") == 2
    decided_now = load_proposal(in_force, made)
    assert (decided_now.state, decided_now.decided_by) == ("rolling_out", "ada and bob")
    assert decided_now.decided_why == "bob agrees"
    [line] = details(in_force, "proposal.approved")
    assert line["approved_by"] == ["ada", "bob"]
    assert (line["before"], line["after"]) == ("open", "approved")
    author = in_force.execute(select(PolicyRow.author).where(PolicyRow.version == 2)).scalar_one()
    assert author == "ada and bob"


def test_the_same_person_is_not_two_nor_is_their_token(in_force: Connection) -> None:
    made = put.add_proposal(in_force)
    approve(in_force, made, "ada")
    for actor in ("ada", "token:ci"):
        with pytest.raises(ConflictError, match=rf"proposal {made} has ada's approval already"):
            approve_proposal(in_force, made, actor=actor, why="again", person="ada", rules=TWO)
    assert len(approvals_of(in_force, [made])[made]) == 1


def test_a_token_counts_as_its_owner_and_one_without_counts_for_nobody(
    in_force: Connection,
) -> None:
    made = put.add_proposal(in_force)
    with pytest.raises(ConflictError, match="nobody is known to answer for this token"):
        approve_proposal(in_force, made, actor="token:old", why="yes", person=None, rules=TWO)
    approve_proposal(in_force, made, actor="token:ci", why="yes", person="ada", rules=TWO)
    assert approve(in_force, made, "bob") == 2
    assert load_proposal(in_force, made).decided_by == "token:ci and bob"


def test_where_one_is_enough_a_token_without_an_owner_decides_as_before(
    in_force: Connection,
) -> None:
    made = put.add_proposal(in_force)
    assert approve_proposal(in_force, made, actor="token:old", why="yes") == 2


def test_who_proposes_is_one_of_two_and_not_the_other(in_force: Connection) -> None:
    made = put.add_proposal(in_force, proposed_by="ada", proposed_why="cheaper")
    for rules in (TWO, ApprovalRules(1)):
        with pytest.raises(ConflictError, match="made by ada: another person has to approve it"):
            approve(in_force, made, "ada", rules=rules)
    assert approve(in_force, made, "bob") == 2
    assert load_proposal(in_force, made).decided_by == "bob"


@pytest.mark.parametrize("rules", [TWO, ApprovalRules(1), ApprovalRules(2, own=True)])
def test_what_nobody_answers_for_is_not_proposed_nor_approved(
    in_force: Connection, rules: ApprovalRules
) -> None:
    """Who approves it might have proposed it, and would be both persons."""
    with pytest.raises(ConflictError, match="nobody is known to answer for token:old"):
        proposer("token:old", None, rules)
    assert proposer("token:ci", "ada", rules) == "ada"
    made = put.add_proposal(in_force, proposed_by="token:old", proposed_why="cheaper")
    with pytest.raises(ConflictError, match="made by token:old, for which nobody is known"):
        approve(in_force, made, "ada", rules=rules)


def test_where_one_is_enough_whoever_it_is_a_token_proposes_and_approves(
    in_force: Connection,
) -> None:
    rules = ApprovalRules(1, own=True)
    assert proposer("token:old", None, rules) == "token:old"
    made = put.add_proposal(in_force, proposed_by="token:old", proposed_why="cheaper")
    assert approve_proposal(in_force, made, actor="token:old", why="yes", rules=rules) == 2


def test_a_person_alone_may_approve_their_own_where_the_file_says_so(
    in_force: Connection,
) -> None:
    made = put.add_proposal(in_force, proposed_by="ada", proposed_why="cheaper")
    assert approve(in_force, made, "ada", rules=ApprovalRules(1, own=True)) == 2


def test_a_rejection_takes_one_person_whoever_has_approved(in_force: Connection) -> None:
    made = put.add_proposal(in_force, proposed_by="ada", proposed_why="cheaper")
    reject_proposal(in_force, made, actor="ada", why="a mistake of mine")
    assert load_proposal(in_force, made).state == "rejected"
    with pytest.raises(ConflictError, match="is rejected already, by ada"):
        approve(in_force, made, "bob")


def test_two_asked_for_once_and_one_now_is_no_error(in_force: Connection) -> None:
    made = put.add_proposal(in_force)
    approve(in_force, made, "ada")
    assert approve(in_force, made, "ada", rules=ApprovalRules(1)) == 2
    assert load_proposal(in_force, made).decided_by == "ada"


def test_what_was_overtaken_between_two_approvals_is_not_approved(in_force: Connection) -> None:
    made = put.add_proposal(in_force)
    other = put.add_proposal(in_force, tier="standard")
    approve(in_force, made, "ada")
    approve_proposal(in_force, other, actor="eve", why="first")
    finish_rollout(in_force, load_proposal(in_force, other), why="100 pairs")
    with pytest.raises(ConflictError, match="policy 2 is active"):
        approve(in_force, made, "bob")
    assert load_proposal(in_force, made).state == "open"


def test_each_of_two_says_that_it_is_despite_the_judge(in_force: Connection) -> None:
    put.add_anchors(in_force, 102, 408)
    weigh_judge(in_force, put.JUDGE)
    made = put.add_proposal(in_force)
    with pytest.raises(ConflictError, match="is held back"):
        approve(in_force, made, "ada")
    approve(in_force, made, "ada", despite_judge=True)
    with pytest.raises(ConflictError, match="is held back"):
        approve(in_force, made, "bob")
    assert approve(in_force, made, "bob", despite_judge=True) == 2
    for action in ("proposal.first_approval", "proposal.approved"):
        assert details(in_force, action)[0]["despite"].startswith("NOT TRUSTED")


def test_a_policy_says_which_one_it_changes(in_force: Connection) -> None:
    approve_proposal(in_force, put.add_proposal(in_force), actor="ada", why="yes")
    assert load_policy(in_force, 2) is not None
    bases = in_force.execute(select(PolicyRow.base_version).order_by(PolicyRow.version))
    assert list(bases.scalars()) == [None, 1]


def test_needed_is_said_of_each_proposal() -> None:
    of_tierwatch, of_ada = decided.proposal(), decided.proposal(proposed_by="ada")
    assert (TWO.needed(of_tierwatch), TWO.needed(of_ada)) == (2, 1)
    assert (ApprovalRules().needed(of_tierwatch), ApprovalRules().needed(of_ada)) == (1, 1)
    every = (TWO, ApprovalRules(), ApprovalRules(1, own=True))
    assert [rules.are_two(of_ada) for rules in every] == [True, True, False]
    assert not ApprovalRules().are_two(of_tierwatch)
    assert why_not(of_ada, (), "bob") == ""

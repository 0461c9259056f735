"""What a proposal says of itself, read as an owner reads it."""

from typing import Any

import pytest
from factories import decided
from factories import evidence as stored

from tierwatch.dashboard.reports.proposal_words import ProposalWords, proposal_words
from tierwatch.loop.decide.rollout import RolloutRules
from tierwatch.store.proposals import Proposal

TIERS = ("simple", "standard", "complex")
RULES = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)
MOVING: dict[str, Any] = {
    "lowers": True,
    "misroute": {"value": 0.03, "low": 0.01, "high": 0.06, "n": 400, "method": "weighted rate"},
    "effective": 400.0,
    "tolerated": 0.05,
    "requests_per_day": 1200.0,
    "usd_per_day": -14.5,
    "bill_share": -0.031,
}


def words(proposal: Proposal, distrust: str = "") -> ProposalWords:
    return proposal_words(proposal, tiers=TIERS, rules=RULES, distrust=distrust)


def lowered(**changes: Any) -> Proposal:
    columns = {"to_threshold": 0.6, "direction": "lower"}
    evidence = stored.threshold(moving=MOVING | changes.pop("moving", {}))
    return decided.proposal(**(columns | {"evidence": evidence} | changes))


def test_a_lowering_says_what_stays_and_what_it_saves_a_day_and_a_month() -> None:
    said = words(lowered())
    # 14.5 * 365 / 12
    assert said.change == (
        "About 1,200 requests a day with a confidence from 0.60 to 0.70 would stay at simple;"
        " standard answers them now. That saves $14.50 a day, $441.04 a month, 3.1 % of the whole"
        " bill."
    )
    assert said.money.startswith("Money: requests of the last seven days")


def test_a_raise_says_what_it_costs() -> None:
    moving = MOVING | {"lowers": False, "usd_per_day": 14.5, "bill_share": 0.031}
    said = words(decided.proposal(evidence=stored.threshold(moving=moving)))
    assert said.change == (
        "About 1,200 requests a day with a confidence from 0.70 to 0.80 would be answered by"
        " standard; simple answers them now. That costs $14.50 a day more, $441.04 a month, 3.1 %"
        " of the whole bill."
    )


def test_without_counted_traffic_the_cost_is_relative_with_its_interval() -> None:
    unknown = {"requests_per_day": None, "usd_per_day": None, "bill_share": None}
    said = words(lowered(moving=unknown, task_type="sql"))
    assert said.change == (
        "Sql requests with a confidence from 0.60 to 0.70 would stay at simple; standard answers"
        " them now. The cost of all requests that come to simple changes by +12.5 % (2.0 to 20.0"
        " %)."
    )
    assert said.money == ""


def test_the_next_tier_up_is_named_where_the_file_has_it() -> None:
    assert "complex answers them now" in words(lowered(tier="standard")).change
    for tier in ("complex", "gone"):
        assert "the next tier up answers them now" in words(lowered(tier=tier)).change


def test_the_promise_is_the_certificate_or_that_there_is_none() -> None:
    assert words(lowered()).promise == (
        "The misroute rate of all that simple keeps is then at most 5.0 % by the judge's verdicts;"
        " the chance that this is wrong is at most 2.5 %."
    )
    evidence = stored.threshold(reason="at 0.60 it may be up to 7.0 %")
    bare = words(lowered(certified=False, evidence=evidence)).promise
    assert bare == "Nothing is certified. At 0.60 it may be up to 7.0 %."
    doubted = words(lowered(), distrust="NOT TRUSTED").promise
    assert doubted == "Nothing: the judge whose verdicts it rests on is not trusted."


def test_the_promise_of_an_objective_is_its_sentence() -> None:
    said = words(decided.proposal(evidence=stored.objective(reason="keeps 95 %"))).promise
    assert said.startswith("Keeps 95 %; the chance that this is wrong is at most")


def test_what_ends_it_and_how_to_undo_it() -> None:
    said = words(lowered())
    assert "tried by 20.0 % of the sessions first" in said.ends
    assert "completes by itself with 100 judged pairs of simple" in said.ends
    # The predicted rate is 2 to 20 %, above the tolerated 5 %.
    assert "as soon as more than 20.0 % of them are shown to be misrouted" in said.ends
    assert "roll back to policy 1 on the Policies page" in said.undo


def test_a_model_and_what_cannot_be_read_are_said_as_such() -> None:
    model = words(decided.proposal("model"))
    assert "would decide what stays at simple and what goes to standard." in model.change
    broken = words(decided.proposal(evidence={"version": 99}))
    assert broken.promise == "This version of tierwatch cannot read what it rests on."
    assert broken.rates == ""
    assert "a person has to end it" in broken.ends


@pytest.mark.parametrize("usd", [0.0, -1e-5])
def test_next_to_nothing_is_no_exponent(usd: float) -> None:
    assert "e-" not in words(lowered(moving={"usd_per_day": usd})).change

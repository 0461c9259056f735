"""Pairs are drawn once, claimed by one worker, and get one result and one position."""

import datetime as dt
from typing import Any

import factories.rows as put
import pytest
from factories.trials import add_sample, begin, clock
from sqlalchemy import Connection, text

from tierwatch.store.trials.trial_pairs import (
    Progress,
    claim_pairs,
    draw_pairs,
    ended_pairs,
    forget_answers,
    give_back_pair,
    put_answer,
    put_result,
    trial_progress,
)


def drawn(connection: Connection, trial_id: int, limit: int = 100, **changes: Any) -> int:
    given = {
        "tier": "simple",
        "served": "simple-1",
        "direction": "up",
        "max_weight": 1.5,
        "since": clock() - dt.timedelta(days=1),
        "limit": limit,
    }
    return draw_pairs(connection, trial_id, **(given | changes))


def test_each_conversation_is_drawn_from_once(connection: Connection) -> None:
    trial_id = begin(connection, 3)
    add_sample(connection, 4, first=10, session="one talk")
    assert drawn(connection, trial_id, limit=2) == 2
    assert drawn(connection, trial_id) == 2
    assert drawn(connection, trial_id) == 0
    assert trial_progress(connection, trial_id) == Progress(4, 0, 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"tier": "standard"},
        {"served": "simple-1:high"},
        {"direction": "down"},
        {"max_weight": 0.5},
        {"since": clock() + dt.timedelta(days=1)},
    ],
)
def test_nothing_else_is_drawn(connection: Connection, changes: dict[str, Any]) -> None:
    assert drawn(connection, begin(connection, 3), **changes) == 0


def test_a_weight_is_of_all_of_the_tier(connection: Connection) -> None:
    trial_id = begin(connection, 0)
    # A type that is sampled four times as densely weighs a quarter; all of a tier, 1.
    add_sample(connection, 1, first=1, rate=0.1, pi=0.4, density=4.0)
    add_sample(connection, 1, first=2, rate=0.1, pi=0.4, density=4.0, tier_density=4.0)
    drawn(connection, trial_id)
    weights = connection.execute(text("select weight from model_trial_pairs order by 1")).scalars()
    assert list(weights) == pytest.approx([0.25, 1.0])


def test_a_claimed_pair_is_one_worker_s(connection: Connection) -> None:
    trial_id = begin(connection, 3)
    drawn(connection, trial_id)
    mine = claim_pairs(connection, trial_id, limit=2, hold_s=60)
    assert [(pair.tries, pair.answer) for pair in mine] == [(1, None)] * 2
    others = claim_pairs(connection, trial_id, limit=5, hold_s=60)
    assert len(others) == 1
    assert not {pair.exchange_id for pair in mine} & {pair.exchange_id for pair in others}
    assert claim_pairs(connection, trial_id, limit=5, hold_s=60) == []


def test_a_claim_that_ran_out_or_was_given_back_is_anybody_s(connection: Connection) -> None:
    trial_id = begin(connection, 2)
    drawn(connection, trial_id)
    (one,) = claim_pairs(connection, trial_id, limit=1, hold_s=-1)
    assert len(claim_pairs(connection, trial_id, limit=5, hold_s=60)) == 2
    give_back_pair(connection, trial_id, one.exchange_id, wait_s=-1, spent_usd=0.5)
    (again,) = claim_pairs(connection, trial_id, limit=5, hold_s=60)
    assert (again.exchange_id, again.tries) == (one.exchange_id, 3)
    assert trial_progress(connection, trial_id).spent_usd == 0.5


def test_results_come_in_their_order_and_once(connection: Connection) -> None:
    trial_id = begin(connection, 2)
    drawn(connection, trial_id)
    first, second = claim_pairs(connection, trial_id, limit=2, hold_s=60)
    put_answer(
        connection, trial_id, first.exchange_id, answer={"content": "4"}, cost_usd=0.25,
        latency_ms=9.0, fitted=["-stop"],
    )  # fmt: skip
    put_result(connection, trial_id, second.exchange_id, "worse", detail="x" * 9_000)
    put_result(connection, trial_id, first.exchange_id, "tie", judge_usd=0.5, basis="pairwise")
    put_result(connection, trial_id, first.exchange_id, "better")
    found = ended_pairs(connection, trial_id)
    assert [(pair.exchange_id, pair.result) for pair in found] == [
        (second.exchange_id, "worse"),
        (first.exchange_id, "tie"),
    ]
    assert len(found[0].detail) == 2_000
    assert (found[1].candidate_usd, found[1].latency_ms, found[1].served_usd) == (0.25, 9.0, 0.001)
    assert trial_progress(connection, trial_id) == Progress(2, 2, 0.75)
    kept = "select count(*) from model_trial_pairs where answer is not null"
    assert connection.execute(text(kept)).scalar() == 0


def test_answers_that_nobody_will_judge_are_forgotten(connection: Connection) -> None:
    trial_id = begin(connection, 1)
    drawn(connection, trial_id)
    (pair,) = claim_pairs(connection, trial_id, limit=1, hold_s=-1)
    put_answer(
        connection, trial_id, pair.exchange_id, answer={"content": "4"}, cost_usd=0.0,
        latency_ms=1.0, fitted=[],
    )  # fmt: skip
    (again,) = claim_pairs(connection, trial_id, limit=1, hold_s=-1)
    assert again.answer == {"content": "4"}
    forget_answers(connection, trial_id)
    (again,) = claim_pairs(connection, trial_id, limit=1, hold_s=60)
    assert again.answer is None
    assert clock() > put.NOW

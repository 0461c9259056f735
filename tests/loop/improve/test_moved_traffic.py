"""A threshold is not lowered onto a model that cannot take the traffic, and its page says why."""

from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.evaluation.evidence.threshold_evidence import MovedTraffic, ThresholdEvidence
from tierwatch.fit.memory import Memory
from tierwatch.fit.received import Receiving
from tierwatch.loop.improve.replay_policy import moved_traffic, not_taken_words
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.routing.facts import UNKNOWN, Facts
from tierwatch.routing.tiers import Price, Tier
from tierwatch.store.proposals import load_proposal
from tierwatch.store.traffic.outside_counts import OutsideCount, add_outside_counts

RULES = RetuneRules(
    mode="propose", alpha={"simple": 0.05}, delta=0.05, step=0.1, min_pairs=200, every_s=3600
)
CLAUDE_CODE = {
    "max_tokens": 128_000,
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "medium"},
    "messages": [{"role": "user", "content": "Rename x."}],
    "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
}


def receiving(takes: Facts = UNKNOWN) -> Receiving:
    names = {"simple": "claude-haiku-4-5", "standard": "claude-sonnet-4-6"}
    tiers = [
        Tier(name, model, "a", Price(1, 1), takes=takes if name == "simple" else UNKNOWN)
        for name, model in names.items()
    ]
    return Receiving(tiers, Memory(tiers), lambda _provider, _wire: "anthropic")


@pytest.fixture
def traffic(engine: Engine) -> Engine:
    """Claude Code's turns: served above after an escalation, and 600 good pairs below."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number in range(1, 601):
            spread = {"confidence": 0.5 + (number % 50) / 100}
            put.add_outcome(connection, number, 0.0, **spread)
        for number in range(1_001, 1_011):
            put.add_exchange(
                connection,
                number,
                tier="standard",
                direction="down",
                asked={"request": CLAUDE_CODE, "wire": "anthropic"},
            )
    return engine


def run(engine: Engine, receives: Receiving | None) -> int:
    rules = replace(RULES, receiving=receives)
    return retune(engine=engine, rules=rules, judge_version=put.JUDGE, rollout_share=0.2)


def evidence(engine: Engine) -> ThresholdEvidence:
    (row,) = rows(engine, "select id from proposals")
    with engine.connect() as connection:
        proposal = load_proposal(connection, row.id)
    assert proposal is not None
    assert proposal.direction == "lower"
    assert isinstance(proposal.evidence, ThresholdEvidence)
    return proposal.evidence


def test_what_would_be_fitted_is_said_with_the_proposal(traffic: Engine) -> None:
    assert run(traffic, receiving()) == 1
    assert evidence(traffic).moved == MovedTraffic(
        to="simple",
        requests=10,
        changed=10,
        fitted={
            "max_tokens<=64000": 10,
            "thinking.adaptive->enabled": 10,
            "-output_config.effort": 10,
        },
        lacking={},
        not_taken=0.0,
    )


def test_a_tier_that_cannot_take_the_traffic_is_not_given_it(traffic: Engine) -> None:
    assert run(traffic, receiving(Facts(tools=False))) == 0
    (test,) = rows(traffic, "select result from retunes where task_type = 'all'")
    assert test.result["proposed"] is False
    assert test.result["reason"] == (
        "simple cannot take 100.0 % of the requests it would be given, tools 10"
    )


def test_what_could_never_be_compared_counts_as_well(traffic: Engine) -> None:
    with traffic.begin() as connection:
        add_outside_counts(
            connection,
            [
                OutsideCount(put.NOW, "standard", "", 60.0, 6),
                OutsideCount(put.NOW, "standard", "fits_not", 40.0, 4),
            ],
        )
    assert run(traffic, receiving()) == 0


def test_a_few_that_stay_above_are_said_and_stop_nothing(traffic: Engine) -> None:
    with traffic.begin() as connection:
        add_outside_counts(
            connection,
            [
                OutsideCount(put.NOW, "standard", "", 95.0, 9),
                OutsideCount(put.NOW, "standard", "fits_not", 5.0, 1),
            ],
        )
    assert run(traffic, receiving()) == 1
    moved = evidence(traffic).moved
    assert moved is not None
    assert moved.not_taken == pytest.approx(0.05)


def test_where_nobody_asks_nothing_is_said(traffic: Engine) -> None:
    assert run(traffic, None) == 1
    assert evidence(traffic).moved is None


def test_a_raise_is_held_against_the_tier_above_and_never_stopped(traffic: Engine) -> None:
    with traffic.begin() as connection:
        for number in range(2_001, 2_004):
            put.add_exchange(connection, number)
        moved = moved_traffic(connection, receiving(), tier="simple", direction="raise")
    assert moved == MovedTraffic("standard", 3, 0, {}, {}, 0.0)
    assert not_taken_words("raise", replace(moved, not_taken=1.0)) == ""


def test_no_tier_above_and_no_traffic_say_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        for tier in ("simple", "standard", "gone"):
            found = moved_traffic(connection, receiving(), tier=tier, direction="lower")
            assert found is None


@pytest.mark.parametrize(("share", "stops"), [(0.0, False), (0.1, False), (0.11, True)])
def test_a_tenth_may_stay_above(share: float, *, stops: bool) -> None:
    moved: Any = MovedTraffic("simple", 100, 0, {}, {"images": 11}, share)
    assert bool(not_taken_words("lower", moved)) is stops
    assert not_taken_words("lower", None) == ""

import datetime as dt
from typing import Any

import pytest
from factories.rows import NOW, add_policy, add_proposal, put_in_force, put_rollout
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.drain import (
    drain_tier,
    drained_tiers,
    end_drain,
    lasting,
    settle_drains,
)
from tierwatch.loop.decide.end import expire_untested
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.routing.policy import Policy
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price
from tierwatch.store.drains import Drain, drains_going_on
from tierwatch.store.policies import active_policies
from tierwatch.store.policies import add_policy as add_policy_value
from tierwatch.store.proposals import load_proposal

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def stable(connection: Connection) -> Policy:
    active = active_policies(connection)
    assert active is not None
    return active.stable


def begin(connection: Connection, tier: str = "simple", **changes: Any) -> int:
    return drain_tier(
        connection, tier, **({"now": NOW, "until": LATER, "actor": "ada", "why": "worse"} | changes)
    )


@pytest.fixture
def policy(connection: Connection) -> None:
    """Policy 1 is active, and policy 2 is stored."""
    for version in (1, 2):
        add_policy(connection, version, simple=0.6 + version / 10)
    put_in_force(connection, 1)


@pytest.mark.usefixtures("policy")
def test_a_drain_is_a_policy_with_the_thresholds_as_they_were(connection: Connection) -> None:
    begin(connection)
    now = stable(connection)
    assert (now.version, now.drained) == (3, {"all": {"simple"}})
    assert now.thresholds == {"simple": 0.7, "standard": 0.7}
    lines = connection.execute(text("select actor, action, subject from audit")).all()
    assert [tuple(line) for line in lines] == [("ada", "drain.began", "segment/simple/all")]
    author, reason = connection.execute(
        text("select author, reason from policies where version = 3")
    ).one()
    assert (author, reason) == ("ada", "simple is sent up: worse")


@pytest.mark.usefixtures("policy")
def test_the_way_back_is_one_step(connection: Connection) -> None:
    drain = begin(connection)
    ended = end_drain(connection, drain, actor="bob", why="mended")
    assert (ended.tier, ended.alert_id) == ("simple", None)
    assert (stable(connection).version, stable(connection).drained) == (4, {})
    assert drains_going_on(connection) == []
    with pytest.raises(ConflictError, match="does not go on"):
        end_drain(connection, drain, actor="bob", why="again")


@pytest.mark.usefixtures("policy")
def test_several_end_each_for_itself(connection: Connection) -> None:
    one = begin(connection)
    begin(connection, "standard")
    begin(connection, task_type="sql")
    assert stable(connection).drained == {"all": {"simple", "standard"}, "sql": {"simple"}}
    end_drain(connection, one, actor="ada", why="x")
    assert stable(connection).drained == {"all": {"standard"}, "sql": {"simple"}}


@pytest.mark.usefixtures("policy")
def test_a_second_one_moves_the_end_and_makes_no_policy(connection: Connection) -> None:
    one = begin(connection, until=LATER - dt.timedelta(days=9))
    assert begin(connection, why="longer", alert_id=5) == one
    [drain] = drains_going_on(connection)
    assert (drain.until, drain.why, drain.alert_id) == (LATER, "longer", 5)
    assert stable(connection).version == 3


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize("tier", ["complex", "cache", "", "nobody"])
def test_a_tier_without_a_threshold_cannot_be_sent_up(connection: Connection, tier: str) -> None:
    with pytest.raises(ConflictError, match="accepted: simple, standard"):
        begin(connection, tier)
    with pytest.raises(UsageError, match="reason"):
        begin(connection, why="  ")


def test_without_a_policy_there_is_nothing_to_change(connection: Connection) -> None:
    with pytest.raises(ConflictError, match="no policy is active yet"):
        begin(connection)


@pytest.mark.usefixtures("policy")
@pytest.mark.parametrize("evidence", [{}, {"objective": {"quality": 0.95}}])
def test_what_waits_for_a_decision_outlives_a_drain(
    connection: Connection, evidence: dict[str, Any]
) -> None:
    """A drain moves no threshold: what was tested beside them still is."""
    made = add_proposal(connection, tier="standard", evidence=evidence)
    quality = 0.95 if evidence else None
    drain = begin(connection)
    expire_untested(connection, quality)
    end_drain(connection, drain, actor="ada", why="well again")
    expire_untested(connection, quality)
    version = approve_proposal(connection, made, actor="ada", why="yes")
    proposal = load_proposal(connection, made)
    assert proposal is not None
    assert (proposal.state, proposal.candidate_version) == ("rolling_out", version)
    assert stable(connection).version == proposal.base_version == 4


@pytest.mark.usefixtures("policy")
def test_a_drain_keeps_who_serves_each_tier(connection: Connection) -> None:
    models = {"simple": TierModel("small-2", "lab", Price(1, 1), "", instead_of="simple-1")}
    add_policy_value(
        connection,
        Policy(3, {"simple": 0.7, "standard": 0.7}, models=models),
        author="ada",
        reason="",
    )
    connection.execute(text("update active_policy set stable_version = 3"))
    drain = begin(connection)
    assert stable(connection).models == models
    end_drain(connection, drain, actor="ada", why="well again")
    assert stable(connection).models == models


@pytest.mark.usefixtures("policy")
def test_a_rollout_is_taken_back_and_none_starts_meanwhile(connection: Connection) -> None:
    proposal = put_rollout(connection, 2)
    drain = begin(connection)
    ended = load_proposal(connection, proposal)
    assert ended is not None
    assert (ended.state, ended.ended_why) == ("rolled_back", "simple is sent up: worse")
    connection.execute(
        text(
            "update proposals set state = 'open', candidate_version = null,"
            " base_version = (select stable_version from active_policy)"
        )
    )
    assert approve_proposal(connection, proposal, actor="ada", why="yes") is None
    end_drain(connection, drain, actor="ada", why="x")
    active = active_policies(connection)
    assert active is not None
    assert active.candidate is None  # it starts with the next tick


@pytest.mark.usefixtures("policy")
def test_a_roll_back_leaves_it_alone(connection: Connection) -> None:
    begin(connection)
    roll_back_to(connection, 2, actor="ada", why="x")
    now = stable(connection)
    assert (now.thresholds["simple"], now.drained) == (0.8, {"all": {"simple"}})


def test_it_ends_by_itself_and_only_when_its_time_is_over(engine: Engine) -> None:
    with engine.begin() as connection:
        add_policy(connection, 1)
        put_in_force(connection, 1)
        begin(connection)
        begin(connection, "standard", until=LATER + dt.timedelta(hours=1))
    assert settle_drains(engine=engine, now=LATER - dt.timedelta(seconds=1)) == 0
    assert settle_drains(engine=engine, now=LATER) == 1
    assert settle_drains(engine=engine, now=LATER) == 0
    with engine.connect() as connection:
        assert stable(connection).drained == {"all": {"standard"}}
        last = connection.execute(
            text("select actor, action, detail ->> 'why' from audit order by id desc limit 1")
        ).one()
    assert tuple(last) == ("tierwatch", "drain.ended", "its time is over")


def test_a_policy_that_says_otherwise_is_put_right(engine: Engine) -> None:
    with engine.begin() as connection:
        add_policy(connection, 1)
        put_in_force(connection, 1)
        begin(connection)
        connection.execute(text("update active_policy set stable_version = 1"))
    settle_drains(engine=engine, now=NOW)
    with engine.begin() as connection:
        assert stable(connection).drained == {"all": {"simple"}}
        connection.execute(text("update drains set ended_at = now()"))
    settle_drains(engine=engine, now=NOW)
    with engine.connect() as connection:
        assert stable(connection).drained == {}


def test_before_a_policy_there_is_nothing_to_settle(engine: Engine) -> None:
    assert settle_drains(engine=engine, now=NOW) == 0


def test_a_drain_of_another_files_tier_is_left_out() -> None:
    drain = Drain(1, "gone", "all", None, "ada", "x", NOW, LATER, None, None, None)
    assert drained_tiers([drain], {"simple": 0.7}) == {}


@pytest.mark.parametrize(
    "words", ["", "4", "h", "-4h", "0h", "30s", "8d", "1.5h", "99999d", "٤h", "4h 1m", "x" * 900]
)
def test_lengths_that_are_none(words: str) -> None:
    with pytest.raises(UsageError, match=r"^lasting: found ") as found:
        lasting(words)
    assert len(str(found.value)) < 150


@given(st.integers(1, 7 * 24 * 60))
def test_every_length_from_a_minute_to_a_week(minutes: int) -> None:
    assert lasting(f" {minutes}m ") == dt.timedelta(minutes=minutes)

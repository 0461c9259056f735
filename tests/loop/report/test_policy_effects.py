import datetime as dt
from collections.abc import Collection, Mapping

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.rows import JUDGE, NOW
from sqlalchemy import Connection, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.loop.decide.rollout import RolloutRules
from tierwatch.loop.report.policy_effects import LONGEST, PolicyEffect, policy_effects
from tierwatch.store.pages.lists import policies_at
from tierwatch.store.proposals import proposals_of_versions
from tierwatch.store.sums.windows import Stretch

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
RULES = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)


def policy(connection: Connection, version: int, at: dt.datetime) -> None:
    put.add_policy(connection, version)
    connection.execute(
        text("update policies set created_at = :at where version = :version"),
        {"at": at, "version": version},
    )


def judged(connection: Connection, first: int, at: dt.datetime, bad: int, n: int) -> None:
    """Pairs of simple of one moment, of which some are misroutes."""
    for number in range(n):
        put.add_outcome(
            connection,
            first + number,
            float(number < bad),
            exchange_id=new_exchange_id((at + dt.timedelta(seconds=number)).timestamp()),
        )


def effects(
    connection: Connection, changed: Mapping[int, Collection[str]], now: dt.datetime = NOW
) -> dict[int, PolicyEffect]:
    return policy_effects(
        connection,
        changed,
        lines=policies_at(connection, list(changed)),
        proposals=proposals_of_versions(connection, list(changed)),
        judge_version=JUDGE,
        rules=RULES,
        now=now,
    )


def test_the_time_before_is_held_against_the_time_after(connection: Connection) -> None:
    policy(connection, 1, NOW - 30 * DAY)
    policy(connection, 2, NOW - 2 * DAY)
    judged(connection, 0, NOW - 3 * DAY, bad=4, n=40)
    judged(connection, 100, NOW - DAY, bad=2, n=40)
    put.add_rollup(connection, "simple", 10, minute=NOW - 3 * DAY, cost_usd=3, cost_top_tier_usd=4)
    put.add_rollup(connection, "simple", 10, minute=NOW - DAY, cost_usd=1, cost_top_tier_usd=4)
    found = effects(connection, {2: {"simple"}})[2]
    assert found.before == Stretch(NOW - 2 * DAY - LONGEST, NOW - 2 * DAY)
    assert found.after == Stretch(NOW - 2 * DAY, NOW)
    [tier] = found.tiers
    assert (tier.before.value, tier.before.n) == (pytest.approx(0.1), 40)
    assert (tier.after.value, tier.after.n) == (pytest.approx(0.05), 40)
    assert tier.after.low < 0.05 < tier.after.high
    assert (found.served_before.saving, found.served_after.saving) == (0.25, 0.75)
    # Nobody proposed it, so nothing was promised or foreseen.
    assert (tier.promised, found.foreseen) == (None, None)


def test_it_reaches_no_further_than_to_the_policies_beside_it(connection: Connection) -> None:
    for version, days in ((1, 9), (2, 5), (3, 4), (4, 2)):
        policy(connection, version, NOW - days * DAY)
    found = effects(connection, {2: {"simple"}, 3: {"simple"}, 4: {"simple"}})
    assert found[3].before == Stretch(NOW - 5 * DAY, NOW - 4 * DAY)
    assert found[3].after == Stretch(NOW - 4 * DAY, NOW - 2 * DAY)
    assert found[4].after == Stretch(NOW - 2 * DAY, NOW)


def test_a_rollout_is_on_neither_side(connection: Connection) -> None:
    policy(connection, 1, NOW - 9 * DAY)
    policy(connection, 2, NOW - 4 * DAY)
    put.add_proposal(
        connection, state="active", candidate_version=2, ended_at=NOW - 3 * DAY,
        predicted=stored.predicted(),
    )  # fmt: skip
    judged(connection, 0, NOW - 4 * DAY + HOUR, bad=9, n=9)
    found = effects(connection, {2: {"simple", "standard"}})[2]
    assert (found.before.until, found.after.since) == (NOW - 4 * DAY, NOW - 3 * DAY)
    promised = {one.tier: one.promised for one in found.tiers}
    assert [one.after.n for one in found.tiers] == [0, 0]
    # The proposal speaks of its own tier.
    assert promised["simple"] is not None
    assert promised["standard"] is None
    assert found.foreseen is not None


def test_what_was_never_everybodys_is_passed_over(connection: Connection) -> None:
    for version, days in ((1, 30), (2, 5), (3, 4)):
        policy(connection, version, NOW - days * DAY)
    put.add_proposal(connection, state="rolling_out", candidate_version=2)
    found = effects(connection, {2: {"simple"}, 3: {"simple"}})
    assert found.keys() == {3}
    assert found[3].before.since == NOW - 4 * DAY - LONGEST


def test_the_first_one_one_that_changes_nothing_and_a_short_one_have_none(
    connection: Connection,
) -> None:
    policy(connection, 1, NOW - 9 * DAY)
    policy(connection, 2, NOW - 5 * DAY)
    policy(connection, 3, NOW - dt.timedelta(minutes=50))
    assert effects(connection, {1: {"simple"}, 2: (), 3: {"simple"}}) == {}
    assert effects(connection, {}) == {}

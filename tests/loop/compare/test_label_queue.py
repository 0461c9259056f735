"""Which tier a label narrows most: the one that nobody labelled, then the one that says least."""

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.loop.compare.tier_rates import TierNeed, tier_needs, tier_rates
from tierwatch.store.labels.labels import add_label
from tierwatch.store.labels.second_labels import next_for_review


def needs(connection: Connection, judge: str = put.JUDGE) -> list[TierNeed]:
    return tier_needs(tier_rates(connection, judge))


def judged(connection: Connection, tier: str, bad: int, pairs: int, *, first: int = 0) -> None:
    for number in range(pairs):
        said = "alternative" if number < bad else "tie"
        pair = put.add_pair(connection, first + number, said, tier=tier)
        put.add_outcome(
            connection, first + number, float(number < bad), tier=tier, exchange_id=pair
        )


def label_next(connection: Connection, *tiers: str) -> None:
    pair = next_for_review(connection, "ada", judge_version=put.JUDGE, tiers=tiers)
    assert pair is not None
    add_label(connection, pair, reviewer="ada", preferred="tie", shown_first="served", note="")


def test_a_tier_without_labels_comes_first(connection: Connection) -> None:
    judged(connection, "simple", 6, 60)
    judged(connection, "standard", 4, 40, first=1_000)
    for _ in range(5):
        label_next(connection, "simple")
    first, second = needs(connection)
    assert (first.tier, first.labels, first.width) == ("standard", 0, 1.0)
    assert (second.tier, second.labels) == ("simple", 5)
    assert first.narrows > second.narrows > 0
    assert first.more is not None
    assert 0 < first.more <= 40


def test_the_queue_goes_to_and_fro_between_tiers_that_are_alike(connection: Connection) -> None:
    judged(connection, "simple", 3, 30)
    judged(connection, "standard", 3, 30, first=1_000)
    for _ in range(16):
        label_next(connection, *(need.tier for need in needs(connection)))
    counts = {need.tier: need.labels for need in needs(connection)}
    # It goes by what was found as well: a judged-bad pair narrows otherwise than another.
    assert sum(counts.values()) == 16
    assert min(counts.values()) >= 4


def test_the_goal_is_the_width_from_which_the_rate_is_shown(connection: Connection) -> None:
    judged(connection, "simple", 8, 160)
    [need] = needs(connection)
    own = tier_rates(connection, put.JUDGE).misroute("simple").judged
    assert need.goal == pytest.approx(max(0.1, 2 * (own.high - own.low)))
    assert need.more is not None
    for _ in range(need.more):
        label_next(connection, "simple")
    [then] = needs(connection)
    # All labels said "tie", so the rate is lower than was planned with, and the interval narrower.
    assert then.labels == need.more
    assert then.width <= need.goal
    assert then.goal == pytest.approx(then.width / 2)


def test_pairs_down_and_tiers_that_are_labelled_throughout_are_no_need(
    connection: Connection,
) -> None:
    assert needs(connection, "") == []
    down = put.add_pair(connection, 1, "tie", tier="standard", direction="down")
    put.add_outcome(
        connection, 1, 0.0, tier="standard", boundary="simple", direction="down", exchange_id=down
    )
    assert needs(connection) == []
    judged(connection, "simple", 0, 2, first=10)
    assert [need.tier for need in needs(connection)] == ["simple"]
    for _ in range(3):
        label_next(connection, "simple")
    assert needs(connection) == []
    assert needs(connection, "another/v1") == []

"""Figures from the sums are those from all outcomes; of a stretch never narrower than its own."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import factories.rows as put
import pytest
from factories.many_outcomes import BEGIN, Drawn, drawn_outcomes, put_outcomes
from factories.rows import JUDGE
from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.sums.judged import (
    DAY,
    HOUR,
    JudgedSums,
    judged_by_tier,
    judged_by_tier_and_type,
    judged_by_type,
    judged_series,
)


def sums_of(
    drawn: Sequence[Drawn], counts: Callable[[Drawn], bool], loss: Callable[[Drawn], float]
) -> RateSums:
    """What the sums must be, from the outcomes themselves."""
    taken = [one for one in drawn if counts(one)]
    talks: defaultdict[str, float] = defaultdict(float)
    for one in taken:
        talks[one.session] += 1 / one.pi
    return RateSums(
        pairs=len(taken),
        bad=sum(loss(one) for one in taken),
        weight=sum(1 / one.pi for one in taken),
        lost=sum(loss(one) / one.pi for one in taken),
        squares=sum(weight**2 for weight in talks.values()),
    )


def judged_of(drawn: Sequence[Drawn]) -> JudgedSums:
    misroutes = sums_of(drawn, lambda one: one.direction == "up", lambda one: one.loss)
    alone = sum(1 / one.pi**2 for one in drawn if one.direction == "up")
    return JudgedSums(
        misroutes=misroutes,
        single_misroutes=replace(misroutes, squares=alone),
        needed=sums_of(
            drawn,
            lambda one: one.direction == "down",
            lambda one: 1.0 if one.contradicts else one.loss,
        ),
        inconclusive=sums_of(drawn, lambda _: True, lambda one: float(one.contradicts)),
    )


def close(found: RateSums, expected: RateSums) -> bool:
    return all(
        getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-9)
        for name in RateSums.__slots__
    )


def same(found: JudgedSums, expected: JudgedSums) -> bool:
    return all(
        close(getattr(found, name), getattr(expected, name)) for name in JudgedSums.__slots__
    )


@pytest.mark.parametrize("seed", range(4))
def test_sums_of_all_time_are_those_of_all_outcomes(connection: Connection, seed: int) -> None:
    drawn = drawn_outcomes(seed)
    put_outcomes(connection, drawn)
    put_outcomes(connection, drawn_outcomes(seed + 50, 9), judge_version="another")
    by_tier = judged_by_tier(connection, JUDGE)
    assert by_tier.keys() == {one.tier for one in drawn}
    for tier, found in by_tier.items():
        assert same(found, judged_of([one for one in drawn if one.tier == tier]))
    by_type = judged_by_type(connection, JUDGE)
    both = judged_by_tier_and_type(connection, JUDGE)
    assert (both[0].keys(), both[1].keys()) == (by_tier.keys(), by_type.keys())
    assert all(same(both[0][tier], found) for tier, found in by_tier.items())
    assert all(same(both[1][segment], found) for segment, found in by_type.items())
    assert by_type.keys() == {(one.tier, one.task_type) for one in drawn}
    for (tier, task), found in by_type.items():
        of = [one for one in drawn if (one.tier, one.task_type) == (tier, task)]
        assert same(found, judged_of(of))


def test_the_order_in_which_verdicts_come_changes_nothing(connection: Connection) -> None:
    drawn = sorted(drawn_outcomes(7), key=lambda one: one.at)
    put_outcomes(connection, drawn)
    put_outcomes(connection, drawn[::-1], judge_version="backwards")
    rows = "select {} from outcome_sums where judge_version = :judge order by 1, 2, 3, 4"
    every = text(
        rows.format(
            "span, start, tier, task_type, round(up_squares::numeric, 6),"
            " round(up_crossing::numeric, 6), round(squares::numeric, 6),"
            " round(crossing::numeric, 6), round(down_crossing::numeric, 6)"
        )
    )
    forwards = connection.execute(every, {"judge": JUDGE}).all()
    assert forwards
    assert connection.execute(every, {"judge": "backwards"}).all() == forwards


def test_steps_of_one_hour_are_exact(connection: Connection) -> None:
    drawn = drawn_outcomes(3, 80, days=0.4)
    put_outcomes(connection, drawn)
    found = judged_series(connection, JUDGE, since=BEGIN, until=BEGIN + DAY, step=HOUR)
    assert [(one.start, one.tier) for one in found] == sorted(
        {(one.at.replace(minute=0, second=0, microsecond=0), one.tier) for one in drawn}
    )
    for step in found:
        within = [
            one
            for one in drawn
            if one.tier == step.tier and step.start <= one.at < step.start + HOUR
        ]
        assert same(step.sums, judged_of(within))


@pytest.mark.parametrize("hours", [2, 6, 24, 72])
def test_longer_steps_are_exact_but_for_conversations_that_began_before(
    connection: Connection, hours: int
) -> None:
    drawn = drawn_outcomes(11, 90)
    put_outcomes(connection, drawn)
    step = dt.timedelta(hours=hours)
    begin = BEGIN.replace(minute=0)
    found = judged_series(connection, JUDGE, since=BEGIN, until=BEGIN + 4 * DAY, step=step)
    assert sum(one.sums.misroutes.pairs for one in found) == sum(
        one.direction == "up" for one in drawn
    )
    for one in found:
        of = [pair for pair in drawn if pair.tier == one.tier]
        inside = judged_of([pair for pair in of if one.start <= pair.at < one.start + step])
        talks = {pair.session for pair in of if pair.at < one.start}
        for name in JudgedSums.__slots__:
            mine, exact = getattr(one.sums, name), getattr(inside, name)
            assert mine.squares >= exact.squares - 1e-6
            assert mine.effective <= exact.effective + 1e-6
            assert close(
                RateSums(*[getattr(mine, part) for part in RateSums.__slots__[:4]]),
                RateSums(*[getattr(exact, part) for part in RateSums.__slots__[:4]]),
            )
        if one.start == begin or not talks:
            assert same(one.sums, inside)


def test_a_stretch_is_rounded_outwards_to_hours(connection: Connection) -> None:
    put.add_outcome(connection, 0, 1.0)  # at 12:00:00
    put.add_outcome(connection, 3_599, 0.0)
    put.add_outcome(connection, 3_600, 0.0)
    half = put.NOW + dt.timedelta(minutes=30)

    def pairs(since: dt.datetime, until: dt.datetime) -> int:
        found = judged_by_tier(connection, JUDGE, since=since, until=until)
        return found["simple"].misroutes.pairs if found else 0

    assert pairs(half, half + dt.timedelta(minutes=1)) == 2
    assert pairs(half, put.NOW + HOUR) == 2
    assert pairs(half, put.NOW + HOUR + dt.timedelta(seconds=1)) == 3
    assert pairs(put.NOW + 2 * HOUR, put.NOW + 3 * HOUR) == 0


def test_an_old_stretch_of_types_is_rounded_to_days(connection: Connection) -> None:
    put.add_outcome(connection, 0, 1.0, task_type="sql")
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=300)
    found = judged_by_type(connection, JUDGE, since=at)
    assert found["simple", "sql"].misroutes.bad == 1
    late = judged_by_type(connection, JUDGE, since=put.NOW + 400 * DAY)
    assert late == {}


@pytest.mark.parametrize("step", [dt.timedelta(0), dt.timedelta(minutes=90), -HOUR])
def test_a_step_is_of_whole_hours(connection: Connection, step: dt.timedelta) -> None:
    with pytest.raises(ValueError, match="accepted: whole hours"):
        judged_series(connection, JUDGE, since=BEGIN, until=BEGIN + DAY, step=step)


def test_outcomes_that_go_leave_their_sums(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0)
    before = judged_by_tier(connection, JUDGE)
    connection.execute(text("delete from outcomes"))
    assert judged_by_tier(connection, JUDGE) == before


def test_an_outcome_that_is_not_added_is_not_added_up(connection: Connection) -> None:
    pair = put.exchange_id_of(1)
    put.add_outcome(connection, 1, 1.0, exchange_id=pair)
    connection.execute(
        text(
            "insert into outcomes (exchange_id, judge_version, session, request_no, tier,"
            " task_type, boundary, direction, stream, policy_version, confidence, pi, weight,"
            " loss, basis) select exchange_id, judge_version, session, request_no, tier,"
            " task_type, boundary, direction, stream, policy_version, confidence, pi, weight,"
            " loss, basis from outcomes on conflict do nothing"
        )
    )
    connection.execute(text("update outcomes set position = 1, observation = 1"))
    assert judged_by_tier(connection, JUDGE)["simple"].misroutes.pairs == 1

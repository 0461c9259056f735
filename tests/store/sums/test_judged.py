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
    all_judged,
    misroutes_over_time,
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
    both = all_judged(connection, JUDGE)
    by_tier = both.by_tier
    assert by_tier.keys() == {one.tier for one in drawn}
    for tier, found in by_tier.items():
        assert same(found, judged_of([one for one in drawn if one.tier == tier]))
    by_type = both.by_type
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


def misroutes_of(drawn: Sequence[Drawn]) -> RateSums:
    return judged_of(drawn).misroutes


def test_steps_of_one_hour_are_exact(connection: Connection) -> None:
    drawn = [one for one in drawn_outcomes(3, 80, days=0.4) if one.direction == "up"]
    put_outcomes(connection, drawn)
    begin = BEGIN.replace(minute=0, second=0, microsecond=0)
    found = misroutes_over_time(connection, JUDGE, begin, begin + DAY, steps=24)
    assert found.steps.keys() == {(one.tier, int((one.at - begin) / HOUR)) for one in drawn}
    for (tier, number), sums in found.steps.items():
        start = begin + number * HOUR
        within = [one for one in drawn if one.tier == tier and start <= one.at < start + HOUR]
        assert close(sums, misroutes_of(within))


@pytest.mark.parametrize("hours", [2, 6, 24, 48])
def test_longer_steps_are_exact_but_for_conversations_that_began_before(
    connection: Connection, hours: int
) -> None:
    drawn = [one for one in drawn_outcomes(11, 90) if one.direction == "up"]
    put_outcomes(connection, drawn)
    step = dt.timedelta(hours=hours)
    begin = BEGIN.replace(minute=0, second=0, microsecond=0)
    found = misroutes_over_time(connection, JUDGE, begin, begin + 4 * DAY, steps=4 * 24 // hours)
    assert sum(one.pairs for one in found.steps.values()) == len(drawn)
    for (tier, number), mine in found.steps.items():
        start = begin + number * step
        of = [pair for pair in drawn if pair.tier == tier]
        exact = misroutes_of([pair for pair in of if start <= pair.at < start + step])
        assert mine.squares >= exact.squares - 1e-6
        assert mine.effective <= exact.effective + 1e-6
        assert close(replace(mine, squares=0.0), replace(exact, squares=0.0))
        if not any(pair.at < start for pair in of):
            assert close(mine, exact)


def test_an_hour_is_in_the_step_in_which_it_begins(connection: Connection) -> None:
    """Half an hour past: that of the begin is in the first step, that of the end in the last."""
    for minute in (5, 65, 125, 185):
        put.add_outcome(connection, minute * 60, 0.0)
    begin = put.NOW + dt.timedelta(minutes=30)
    found = misroutes_over_time(connection, JUDGE, begin, begin + 3 * HOUR, steps=3)
    assert {step: sums.pairs for (_, step), sums in found.steps.items()} == {0: 2, 1: 1, 2: 1}
    assert found.tiers["simple"].pairs == 4


def test_a_conversation_over_the_hours_of_a_step_counts_once_in_it(connection: Connection) -> None:
    """Where a step begins in the middle of an hour, too."""
    for minute in (50, 70, 130):
        put.add_outcome(connection, minute * 60, 1.0, session="long")
    begin = put.NOW + dt.timedelta(minutes=30)
    found = misroutes_over_time(connection, JUDGE, begin, begin + 4 * HOUR, steps=2)
    assert found.steps["simple", 0].effective == 1


def test_a_stretch_is_rounded_outwards_to_hours(connection: Connection) -> None:
    put.add_outcome(connection, 0, 1.0)  # at 12:00:00
    put.add_outcome(connection, 3_599, 0.0)
    put.add_outcome(connection, 3_600, 0.0)
    half = put.NOW + dt.timedelta(minutes=30)

    def pairs(since: dt.datetime, until: dt.datetime) -> int:
        found = misroutes_over_time(connection, JUDGE, since, until, steps=1).tiers
        return found["simple"].pairs if found else 0

    assert pairs(half, half + dt.timedelta(minutes=1)) == 2
    assert pairs(half, put.NOW + HOUR) == 2
    assert pairs(half, put.NOW + HOUR + dt.timedelta(seconds=1)) == 3
    assert pairs(put.NOW + 2 * HOUR, put.NOW + 3 * HOUR) == 0


def test_an_old_stretch_of_types_is_rounded_to_days(connection: Connection) -> None:
    put.add_outcome(connection, 0, 1.0, task_type="sql")
    put.add_outcome(connection, -7_200, 1.0, task_type="sql")  # at 10:00, two hours before
    found = misroutes_over_time(connection, JUDGE, put.NOW, put.NOW + DAY, steps=24)
    long_ago = dt.datetime.now(dt.UTC) - 34 * DAY > put.NOW
    assert found.cells["simple", "sql"].bad == (2 if long_ago else 1)
    assert found.tiers["simple"].bad == 1


def test_outcomes_that_go_leave_their_sums(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0)
    before = all_judged(connection, JUDGE).by_tier
    connection.execute(text("delete from outcomes"))
    assert all_judged(connection, JUDGE).by_tier == before


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
    assert all_judged(connection, JUDGE).by_tier["simple"].misroutes.pairs == 1

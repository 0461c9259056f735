"""What anchors say of a cheap judge before a strong one is kept, and decides who is asked."""

import factories.rows as put
import pytest
from factories.config import ARTICLE, load
from sqlalchemy import Connection

from tierwatch.loop.compare.first_judge import (
    configured_first_judge,
    first_judge_standing,
    stands_first,
    weigh,
)

TOGETHER, ALONE = "cheap then strong", "strong"


def asked(
    connection: Connection, together: int, alone: int, *, n: int = 408, strong_of: int = 100
) -> None:
    both, one = ("cheap", "strong"), ("cheap",)
    put.add_anchors(
        connection, together, n, judge=TOGETHER, cost_usd=0.001,
        asked=[both] * strong_of + [one] * (n - strong_of),
    )  # fmt: skip
    put.add_anchors(connection, alone, n, judge=ALONE, cost_usd=0.004)


def weighed(connection: Connection) -> tuple[bool, bool]:
    found = weigh(connection, alone=ALONE, together=TOGETHER)
    assert found is not None
    return found[0].found.stands, found[1]


def test_without_anchors_of_both_the_strong_judge_is_asked_alone(connection: Connection) -> None:
    assert weigh(connection, alone=ALONE, together=TOGETHER) is None
    put.add_anchors(connection, 400, 408, judge=TOGETHER)
    assert weigh(connection, alone=ALONE, together=TOGETHER) is None
    assert not stands_first(connection, TOGETHER)
    kept = first_judge_standing(connection, alone=ALONE, together=TOGETHER)
    assert kept.found.n == 0
    assert kept.saved is None
    assert kept.sentence == (
        "strong is asked alone: the anchors have not been put to it with the cheaper judge before"
        " it yet."
    )


def test_a_cheap_judge_that_loses_little_is_asked_first(connection: Connection) -> None:
    asked(connection, together=330, alone=332)
    assert weighed(connection) == (True, True)
    assert stands_first(connection, TOGETHER)
    kept = first_judge_standing(connection, alone=ALONE, together=TOGETHER)
    assert kept.found.stands
    assert (kept.strong_share, kept.saved) == (pytest.approx(100 / 408), pytest.approx(0.75))
    assert kept.sentence.startswith(
        "cheap then strong is asked: with the cheaper judge first 80.9 %"
    )
    assert "75.0 % of its cost saved" in kept.sentence
    assert weighed(connection) == (True, False)  # said once


def test_a_judge_that_is_wrong_in_both_orders_alike_never_is(connection: Connection) -> None:
    asked(connection, together=230, alone=332, strong_of=0)
    assert weighed(connection) == (False, True)
    assert not stands_first(connection, TOGETHER)
    kept = first_judge_standing(connection, alone=ALONE, together=TOGETHER)
    assert kept.sentence.startswith("strong is asked alone: ")
    assert "25.0 % of them given up" in kept.sentence


def test_it_goes_when_it_turns_bad_and_does_not_flutter(connection: Connection) -> None:
    asked(connection, together=330, alone=332)
    assert weighed(connection) == (True, True)
    put.add_anchors(connection, 316, 408, judge=TOGETHER)  # neither shown
    assert weighed(connection) == (True, False)
    put.add_anchors(connection, 300, 408, judge=TOGETHER)
    assert weighed(connection) == (False, True)
    put.add_anchors(connection, 316, 408, judge=TOGETHER)
    assert weighed(connection) == (False, False)


def test_what_stays_unscored_is_right_of_nobody(connection: Connection) -> None:
    put.add_anchors(connection, 200, 408, judge=TOGETHER, wrong=None)
    put.add_anchors(connection, 332, 408, judge=ALONE)
    assert weighed(connection) == (False, True)


def test_only_anchors_that_both_were_asked_count(connection: Connection) -> None:
    put.add_anchors(connection, 90, 90, judge=TOGETHER)
    put.add_anchors(connection, 408, 408, judge=ALONE)
    assert weighed(connection) == (False, True)
    kept = first_judge_standing(connection, alone=ALONE, together=TOGETHER)
    assert kept.found.n == 90
    assert "90 anchors were put to it" in kept.sentence


def test_a_configuration_names_its_two(connection: Connection, tmp_path: object) -> None:
    plain = "evaluation: {judge: {model: gpt-4o}}\n"
    two = "evaluation: {judge: {model: gpt-4o, first: {model: gpt-4o-mini}}}\n"
    assert configured_first_judge(connection, None) is None
    assert (
        configured_first_judge(connection, load(tmp_path, ARTICLE + plain).evaluation.judge) is None
    )
    kept = configured_first_judge(connection, load(tmp_path, ARTICLE + two).evaluation.judge)
    assert kept is not None
    assert kept.together == "pairwise/v2/gpt-4o-mini then pairwise/v2/gpt-4o"

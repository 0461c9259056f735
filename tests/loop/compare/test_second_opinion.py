"""What users did beside verdicts: which pairs count, what each signal says, and what is unknown."""

import datetime as dt
import uuid

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.loop.compare.second_opinion import Opinion, second_opinion
from tierwatch.store.reading.one_row import read_part
from tierwatch.store.signals.follow_ups import add_follow_ups
from tierwatch.store.traffic.feedback import add_feedback
from tierwatch.store.traffic.outside_counts import COUNTED


def opinions(connection: Connection) -> dict[str, Opinion]:
    return {
        one.kind: one
        for one in second_opinion(connection, put.JUDGE, 70, read_part(connection, COUNTED))
    }


def judged(connection: Connection, number: int, loss: float, **changes: object) -> uuid.UUID:
    pair = put.exchange_id_of(number)
    put.add_outcome(connection, number, loss, exchange_id=pair, **changes)
    return pair


def rate(connection: Connection, pair: uuid.UUID, score: float, **extra: str) -> None:
    add_feedback(connection, request_id=pair, score=score, comment="", session=None, extra=extra)


def test_of_nothing_each_kind_is_unknown_with_its_reason(connection: Connection) -> None:
    found = opinions(connection)
    assert list(found) == [
        "asked_again", "rated_down", "edited", "left_early", "chose_themselves",
    ]  # fmt: skip
    for one in found.values():
        # Of what is counted it is known of every request, and of no judged pair.
        known = 70 if one.kind in {"left_early", "chose_themselves"} else 0
        assert (one.known, one.said, one.correlation.value) == (known, 0, None)
        assert one.correlation.method


def test_who_asks_again_after_worse_answers_correlates(connection: Connection) -> None:
    said = {}
    for number in range(200):
        loss = number % 5 == 0
        pair = judged(connection, number, float(loss))
        # Asked again after half of the losses and after a twentieth of the others.
        said[pair] = number % 10 == 0 if loss else number % 20 == 1
    add_follow_ups(connection, said)
    add_follow_ups(connection, dict.fromkeys(said, True))  # what was read first stays
    found = opinions(connection)["asked_again"]
    assert (found.known, found.said) == (200, 30)
    assert found.correlation.value == pytest.approx(0.49, abs=0.02)
    assert found.correlation.low > 0.2


def test_pairs_whose_follow_up_is_unknown_do_not_count(connection: Connection) -> None:
    known, unknown = judged(connection, 1, 0.0), judged(connection, 2, 1.0)
    add_follow_ups(connection, {known: False, unknown: None})
    found = opinions(connection)["asked_again"]
    assert (found.known, found.said) == (1, 0)


def test_only_the_judges_own_pairs_upwards_count(connection: Connection) -> None:
    down = judged(connection, 1, 0.0, direction="down", tier="standard", boundary="simple")
    older = judged(connection, 2, 0.0, judge_version="older/v1")
    add_follow_ups(connection, {down: True, older: True})
    assert opinions(connection)["asked_again"].known == 0


def test_ratings_of_an_answer_are_one_and_edits_are_told_by_a_field(connection: Connection) -> None:
    pairs = [judged(connection, number, float(number < 10)) for number in range(60)]
    for number, pair in enumerate(pairs):
        rate(connection, pair, 0.0 if number < 8 else 1.0)
    rate(connection, pairs[0], 1.0)
    rate(connection, pairs[1], 0.2, edited="yes")
    rate(connection, pairs[2], 0.2, edited="false")
    rate(connection, uuid.uuid4(), 0.0)  # of an answer that was not sampled
    found = opinions(connection)
    # The first is half up, half down: no word against the answer.
    assert (found["rated_down"].known, found["rated_down"].said) == (60, 7)
    assert (found["rated_down"].correlation.value or 0) > 0.7
    assert (found["edited"].known, found["edited"].said) == (60, 1)
    assert found["edited"].correlation.method.startswith("1 pairs with or without this signal")


def test_who_left_and_who_chose_are_counted_and_not_related(connection: Connection) -> None:
    for reason, requests in (("unfinished", 30), ("pinned", 12), ("error", 5)):
        connection.execute(
            text(
                "insert into outside_counts (minute, tier, reason, requests, drawn)"
                " values (:minute, 'simple', :reason, :requests, 0)"
            ),
            {"minute": dt.datetime(2026, 11, 23, tzinfo=dt.UTC), "reason": reason,
             "requests": requests},
        )  # fmt: skip
    found = opinions(connection)
    assert (found["left_early"].said, found["chose_themselves"].said) == (30, 12)
    assert found["left_early"].correlation.value is None


def test_it_opens_no_alert(connection: Connection) -> None:
    pairs = {judged(connection, number, 1.0): True for number in range(50)}
    add_follow_ups(connection, pairs)
    second_opinion(connection, put.JUDGE, 60, [])
    assert connection.execute(text("select count(*) from alerts")).scalar_one() == 0

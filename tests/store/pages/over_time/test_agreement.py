import datetime as dt
import uuid

import factories.rows as put
import pytest
from factories.rows import JUDGE
from sqlalchemy import Connection

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.labels.labels import add_label
from tierwatch.store.pages.over_time.agreement import AgreementStep, agreement_steps

MONDAY = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
WEEK = dt.timedelta(weeks=1)


def labelled(
    connection: Connection, number: int, at: dt.datetime, judged: str, said: str, **verdict: str
) -> uuid.UUID:
    pair = new_exchange_id(at.timestamp())
    put.add_exchange(connection, number, id=pair)
    put.add_verdict(connection, pair, judged, **verdict)
    label(connection, pair, said)
    return pair


def label(connection: Connection, pair: uuid.UUID, said: str, reviewer: str = "ada") -> None:
    add_label(connection, pair, reviewer=reviewer, preferred=said, shown_first="served", note="")


def test_pairs_count_in_the_week_in_which_they_arrived(connection: Connection) -> None:
    labelled(connection, 1, MONDAY, "tie", "tie")
    labelled(connection, 2, MONDAY + WEEK - dt.timedelta(seconds=1), "tie", "served")
    labelled(connection, 3, MONDAY + WEEK, "alternative", "alternative")
    put.add_pair(connection, 4, "tie")  # nobody labelled it
    until = MONDAY + 2 * WEEK
    assert agreement_steps(connection, MONDAY, until, period="week") == [
        AgreementStep(MONDAY, JUDGE, 2, 1),
        AgreementStep(MONDAY + WEEK, JUDGE, 1, 1),
    ]
    [late] = agreement_steps(connection, MONDAY + WEEK, until, period="week")
    assert late.labels == 1
    assert agreement_steps(connection, MONDAY, MONDAY, period="day") == []
    [november] = agreement_steps(connection, MONDAY, until, period="month")
    assert (november.start.day, november.labels) == (1, 3)


def test_the_first_label_of_a_pair_counts(connection: Connection) -> None:
    pair = labelled(connection, 1, MONDAY, "tie", "tie")
    label(connection, pair, "served", reviewer="bob")
    [found] = agreement_steps(connection, MONDAY, MONDAY + WEEK, period="week")
    assert (found.labels, found.same) == (1, 1)


@pytest.mark.parametrize("said", ["tie", "alternative"])
def test_what_the_judge_left_inconclusive_is_none_of_the_words(
    connection: Connection, said: str
) -> None:
    labelled(connection, 1, MONDAY, "tie", said, basis="swap_disagreement")
    [found] = agreement_steps(connection, MONDAY, MONDAY + WEEK, period="week")
    assert (found.labels, found.same) == (1, 0)

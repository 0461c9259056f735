"""Labels: once a person, and the first of a pair is read beside the judge's word."""

import datetime as dt
import uuid
from typing import Any

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.double_sampling import LabelledPair
from tierwatch.store.labels.labels import (
    add_label,
    judge_errors,
    label_counts,
    labelled_verdicts,
)
from tierwatch.store.labels.second_labels import all_labels
from tierwatch.store.traffic.exchanges import first_id
from tierwatch.store.traffic.partitions import drop_months, parts


def add_judged(connection: Connection, number: int, preferred: str, **changes: Any) -> uuid.UUID:
    """A judged pair with its outcome."""
    exchange_id = put.add_pair(connection, number, preferred)
    columns: dict[str, Any] = {"exchange_id": exchange_id} | changes
    put.add_outcome(connection, number, float(preferred == "alternative"), **columns)
    return exchange_id


def label(connection: Connection, pair: uuid.UUID, who: str, preferred: str) -> bool:
    return add_label(
        connection, pair, reviewer=who, preferred=preferred, shown_first="served", note=""
    )


def test_a_person_labels_a_pair_once(connection: Connection) -> None:
    pair = add_judged(connection, 1, "tie")
    assert label(connection, pair, "ada", "tie")
    assert not label(connection, pair, "ada", "served")
    assert label(connection, pair, "bob", "served")
    assert label_counts(connection, put.JUDGE) == (1, 1)


def test_labelled_pairs_come_with_their_first_label(connection: Connection) -> None:
    bad = add_judged(connection, 1, "alternative", pi=0.5)
    add_judged(connection, 2, "tie")
    drawn = add_judged(connection, 3, "tie", task_type="sql")
    for who, said in (("ada", "alternative"), ("bob", "tie"), ("cid", "tie")):
        label(connection, bad, who, said)
    label(connection, drawn, "bob", "tie")
    label(connection, drawn, "cid", "alternative")
    assert all_labels(connection, put.JUDGE).beside == {
        "simple": [
            LabelledPair("all", judged=1.0, weight=2.0, label=1.0),
            LabelledPair("sql", judged=0.0, weight=1.0, label=0.0),
        ]
    }


def test_labels_stand_beside_the_judges_verdict(connection: Connection) -> None:
    pair = add_judged(connection, 1, "alternative")
    unscored = put.add_pair(connection, 2, None)
    label(connection, pair, "ada", "tie")
    label(connection, unscored, "ada", "tie")
    [row] = labelled_verdicts(connection, put.JUDGE)
    assert (row.judged, row.label) == ("alternative", "tie")
    assert [order["order"] for order in row.orders] == ["served_first", "alternative_first"]


def test_the_judges_errors_are_about_the_lower_tiers_answer(connection: Connection) -> None:
    # Judged worse: served (up), alternative (down). The person agrees, and once does not.
    caught = add_judged(connection, 1, "alternative")
    label(connection, caught, "ada", "alternative")
    accused = add_judged(connection, 2, "alternative")
    label(connection, accused, "ada", "served")
    missed = add_judged(connection, 3, "tie")
    label(connection, missed, "ada", "alternative")
    down = put.add_pair(connection, 4, "served", tier="standard", direction="down")
    put.add_outcome(
        connection, 4, 1.0, tier="standard", boundary="simple", direction="down", exchange_id=down
    )
    label(connection, down, "ada", "served")
    cleared = add_judged(connection, 5, "tie")
    label(connection, cleared, "ada", "tie")
    add_judged(connection, 6, "tie")  # not labelled
    found = judge_errors(connection, "simple", judge_version=put.JUDGE)
    assert (found.caught, found.bad, found.cleared, found.good) == (2, 3, 1, 2)
    nobody = judge_errors(connection, "standard", judge_version=put.JUDGE)
    assert (nobody.bad, nobody.good) == (0, 0)


def test_before_any_label_nothing_was_said(connection: Connection) -> None:
    assert label_counts(connection, put.JUDGE) == (0, 0)
    assert all_labels(connection, put.JUDGE).beside == {}
    assert labelled_verdicts(connection, put.JUDGE) == []


def test_a_tier_has_labels_once_one_is_of_a_pair_upwards(connection: Connection) -> None:
    down = put.add_pair(connection, 1, "tie", tier="standard", direction="down")
    put.add_outcome(
        connection, 1, 0.0, tier="standard", boundary="simple", direction="down", exchange_id=down
    )
    label(connection, down, "ada", "tie")
    # It is a pair of the boundary, but says nothing of what simple itself served.
    assert all_labels(connection, put.JUDGE).beside == {}
    label(connection, add_judged(connection, 2, "tie"), "ada", "tie")
    assert all_labels(connection, "another/v1").beside == {}
    assert all_labels(connection, put.JUDGE).beside == {
        "simple": [LabelledPair("all", judged=0.0, weight=1.0, label=0.0)]
    }


def test_a_pair_is_counted_once_however_many_labelled_it(connection: Connection) -> None:
    pair = add_judged(connection, 1, "tie")
    add_judged(connection, 2, "tie")
    for who in ("ada", "bob", "cid"):
        label(connection, pair, who, "tie")
    assert label_counts(connection, put.JUDGE) == (1, 2)
    assert len(labelled_verdicts(connection, put.JUDGE)) == 1


def test_of_a_judge_that_did_better_later_only_its_own_outcomes_count(
    connection: Connection,
) -> None:
    pair = add_judged(connection, 1, "alternative")
    put.add_verdict(connection, pair, "tie", judge_version="new")
    put.add_outcome(connection, 1, 0.0, exchange_id=pair, judge_version="new")
    label(connection, pair, "ada", "tie")
    old = judge_errors(connection, "simple", judge_version=put.JUDGE)
    new = judge_errors(connection, "simple", judge_version="new")
    assert (old.cleared, old.good) == (0, 1)
    assert (new.cleared, new.good) == (1, 1)


def test_the_first_label_in_time_stands_whoever_gave_it(connection: Connection) -> None:
    pair = add_judged(connection, 1, "tie")
    label(connection, pair, "zoe", "alternative")
    connection.execute(text("update labels set created_at = created_at - interval '1 hour'"))
    label(connection, pair, "ada", "tie")
    assert [one.label for one in all_labels(connection, put.JUDGE).beside["simple"]] == [1.0]
    assert [row.label for row in labelled_verdicts(connection, put.JUDGE)] == ["alternative"]
    assert judge_errors(connection, "simple", judge_version=put.JUDGE).bad == 1


def test_pairs_of_months_that_were_dropped_are_counted_no_more(connection: Connection) -> None:
    """Their sums stay, for rates of all time; nobody can label them."""
    before, month, *_ = parts(connection, "outcomes")
    boundary = dt.datetime.combine(before.end, dt.time(), dt.UTC)
    for days in (-40, -1, 5):
        pair = first_id(boundary + dt.timedelta(days=days))
        put.add_outcome(connection, 1, 0.0, exchange_id=pair)
        label(connection, pair, "ada", "tie")
    assert label_counts(connection, put.JUDGE) == (3, 3)
    drop_months(connection, "outcomes", before.end)
    assert label_counts(connection, put.JUDGE) == (1, 1)
    drop_months(connection, "outcomes", month.end)
    assert label_counts(connection, put.JUDGE) == (0, 0)

"""Rates by version of the prompt: the largest by themselves, conversations once, months apart."""

import datetime as dt
import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.sums.prompt_versions import (
    LATE_DAYS,
    MOST_VERSIONS,
    OTHERS,
    VersionSums,
    fold_prompt_versions,
    version_sums,
)

NOVEMBER = dt.date(2026, 11, 1)
TODAY = dt.date(2026, 11, 30)
MONTH_S = 30 * 86_400


def judged(connection: Connection, number: int, loss: float, **changes: Any) -> uuid.UUID:
    """A judged pair upwards of an exchange that is stored."""
    version = changes.pop("version", None)
    pair = put.add_exchange(connection, number, prompt_version=version)
    put.add_outcome(connection, number, loss, exchange_id=pair, **changes)
    return pair


def folded(connection: Connection, today: dt.date = TODAY) -> list[VersionSums]:
    fold_prompt_versions(connection, today)
    return version_sums(connection, put.JUDGE, dt.date(2026, 1, 1))


def test_nothing_is_nothing(connection: Connection) -> None:
    assert folded(connection) == []


def test_pairs_are_added_up_by_version(connection: Connection) -> None:
    for number, (version, loss) in enumerate(
        [("v2", 1.0), ("v2", 0.0), ("v2", 0.5), ("v1", 1.0), (None, 0.0), (None, 0.0)]
    ):
        judged(connection, number, loss, version=version)
    assert folded(connection) == [
        VersionSums(NOVEMBER, "simple", "v2", RateSums(3, 1.5, 3.0, 1.5, 3.0)),
        VersionSums(NOVEMBER, "simple", "", RateSums(2, 0.0, 2.0, 0.0, 2.0)),
        VersionSums(NOVEMBER, "simple", "v1", RateSums(1, 1.0, 1.0, 1.0, 1.0)),
    ]


def test_a_conversation_counts_once_and_a_rare_pair_for_more(connection: Connection) -> None:
    """Two pairs of one session at pi 1/2 and one alone at 1: weights 2 + 2 and 1."""
    judged(connection, 1, 1.0, version="v", session="a", pi=0.5)
    judged(connection, 2, 0.0, version="v", session="a", pi=0.5)
    judged(connection, 3, 0.0, version="v", session="b")
    [found] = folded(connection)
    assert found.sums == RateSums(pairs=3, bad=1.0, weight=5.0, lost=2.0, squares=17.0)


def test_pairs_downwards_and_other_judges_are_other_measurements(connection: Connection) -> None:
    judged(connection, 1, 1.0, version="v", direction="down")
    judged(connection, 2, 1.0, version="v", judge_version="another")
    assert folded(connection) == []
    [theirs] = version_sums(connection, "another", NOVEMBER)
    assert theirs.sums.pairs == 1


def test_the_smallest_versions_stand_together(connection: Connection) -> None:
    number = 0
    for version in range(MOST_VERSIONS + 3):
        for _ in range(2 if version < MOST_VERSIONS else 1):
            judged(connection, number, 0.0, version=f"v{version:02}")
            number += 1
    judged(connection, number, 0.0)  # no version takes nobody's place
    found = {one.prompt_version: one.sums.pairs for one in folded(connection)}
    assert len(found) == MOST_VERSIONS + 2
    assert (found[OTHERS], found[""], found["v00"]) == (3, 1, 2)
    assert "v20" not in found


def test_a_month_is_added_up_anew_and_others_stay(connection: Connection) -> None:
    judged(connection, 1, 0.0, version="v")
    judged(connection, MONTH_S, 1.0, version="v")  # in December
    december = dt.date(2026, 12, 1)
    assert [one.month for one in folded(connection)] == [NOVEMBER]
    judged(connection, 2, 1.0, version="v")
    late = december + dt.timedelta(days=LATE_DAYS)
    assert [(one.month, one.sums.pairs) for one in folded(connection, late)] == [
        (december, 1),
        (NOVEMBER, 1),
    ]
    early = december + dt.timedelta(days=LATE_DAYS - 1)
    assert [one.sums.pairs for one in folded(connection, early)] == [1, 2]
    assert fold_prompt_versions(connection, early) == 2


def test_months_before_are_left_out(connection: Connection) -> None:
    judged(connection, 1, 0.0, version="v")
    fold_prompt_versions(connection, TODAY)
    assert version_sums(connection, put.JUDGE, dt.date(2026, 12, 1)) == []


@pytest.mark.parametrize("today", [dt.date(2026, 1, 1), dt.date(2026, 12, 31)])
def test_the_turn_of_a_year_is_a_turn_of_months(connection: Connection, today: dt.date) -> None:
    assert fold_prompt_versions(connection, today) == 0

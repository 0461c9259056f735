"""Which pair is shown next: by tier and a hash only, one labelled pair in ten to a second one."""

import math
import uuid
from typing import Any

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.labels.labels import add_label
from tierwatch.store.labels.second_labels import (
    SECOND_SHARE,
    all_labels,
    is_drawn,
    next_for_review,
)


def add_judged(connection: Connection, number: int, preferred: str, **changes: Any) -> uuid.UUID:
    exchange_id = put.add_pair(connection, number, preferred)
    columns: dict[str, Any] = {"exchange_id": exchange_id} | changes
    put.add_outcome(connection, number, float(preferred == "alternative"), **columns)
    return exchange_id


def label(connection: Connection, pair: uuid.UUID, who: str, preferred: str) -> bool:
    return add_label(
        connection, pair, reviewer=who, preferred=preferred, shown_first="served", note=""
    )


def following(connection: Connection, who: str) -> uuid.UUID | None:
    return next_for_review(connection, who, judge_version=put.JUDGE)


def label_all(connection: Connection, who: str, preferred: str = "tie") -> list[uuid.UUID]:
    found = []
    while (pair := following(connection, who)) is not None:
        label(connection, pair, who, preferred)
        found.append(pair)
    return found


def judged_pair(
    connection: Connection, number: int, *, drawn: bool, outcome: bool = True, **changes: Any
) -> uuid.UUID:
    """A judged pair that is drawn for a second label, or is not: ids are random, so some are tried.

    Of those that are not it no outcome is kept, so that nobody is shown them.
    """
    while True:
        pair = put.add_pair(connection, number, "tie", **changes)
        if is_drawn(connection, pair) is drawn:
            if outcome:
                put.add_outcome(connection, number, 0.0, exchange_id=pair)
            return pair


def judged_pairs_of_two_tiers(connection: Connection) -> dict[uuid.UUID, tuple[str, str]]:
    """20 of standard and 40 of simple, one in four judged worse: tier and the judge's word."""
    made = {}
    for number in range(60):
        tier = "standard" if number % 3 == 0 else "simple"
        said = "alternative" if number % 4 == 0 else "tie"
        pair = put.add_pair(connection, number, said, tier=tier)
        loss = float(said == "alternative")
        put.add_outcome(connection, number, loss, tier=tier, exchange_id=pair)
        made[pair] = (tier, said)
    return made


def test_pairs_come_from_the_first_tier_that_has_one(connection: Connection) -> None:
    made = judged_pairs_of_two_tiers(connection)
    picked = []
    for _ in range(60):
        shown = next_for_review(
            connection, "ada", judge_version=put.JUDGE, tiers=["nowhere", "standard"]
        )
        assert shown is not None
        label(connection, shown, "ada", "tie")
        picked.append(shown)
    assert set(picked) == made.keys()
    # A tier that is not named comes after those that are.
    assert [made[pair][0] for pair in picked] == ["standard"] * 20 + ["simple"] * 40


def test_within_a_tier_and_without_tiers_the_order_is_that_of_a_hash(
    connection: Connection,
) -> None:
    """Whatever the judge said, and whatever else is known of a pair."""
    made = judged_pairs_of_two_tiers(connection)
    order = "select md5(x::text) from unnest(cast(:ids as uuid[])) x"
    hashes = connection.execute(text(order), {"ids": list(made)}).scalars().all()
    by_hash = [pair for _, pair in sorted(zip(hashes, made, strict=True))]
    for tiers in ([], ["simple"]):
        label_all_of = []
        while True:
            shown = next_for_review(connection, "ada", judge_version=put.JUDGE, tiers=tiers)
            if shown is None:
                break
            label(connection, shown, "ada", "tie")
            label_all_of.append(shown)
        expected = sorted(by_hash, key=lambda pair: made[pair][0] not in tiers)
        assert label_all_of == (expected if tiers else by_hash)
        connection.execute(text("delete from labels"))


def test_a_labelled_pair_is_shown_to_nobody_unless_it_is_drawn(connection: Connection) -> None:
    pair = judged_pair(connection, 1, drawn=False)
    assert following(connection, "ada") == pair
    label(connection, pair, "ada", "tie")
    assert following(connection, "ada") is None
    assert following(connection, "bob") is None
    assert next_for_review(connection, "bob", judge_version="another/v1") is None


def test_a_drawn_pair_goes_to_one_other_person_before_all_others(connection: Connection) -> None:
    pair = judged_pair(connection, 1, drawn=True)
    label(connection, pair, "ada", "alternative")
    for number in range(2, 7):
        judged_pair(connection, number, drawn=False)
    assert following(connection, "ada") != pair  # never the same person
    assert following(connection, "bob") == pair
    label(connection, pair, "bob", "tie")
    assert following(connection, "bob") != pair
    assert following(connection, "cid") != pair  # two are enough


def test_one_reviewer_alone_labels_everything_once(connection: Connection) -> None:
    for number in range(40):
        add_judged(connection, number, "tie")
    assert len(label_all(connection, "ada")) == 40
    assert all(one.second is None for one in all_labels(connection).second)


def test_a_tenth_is_drawn_whatever_was_said_and_whoever_said_it(connection: Connection) -> None:
    ids = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in range(2_000)]
    share = sum(is_drawn(connection, one) for one in ids) / len(ids)
    # Four standard deviations of 2,000 draws at a tenth.
    assert abs(share - SECOND_SHARE) < 4 * math.sqrt(0.1 * 0.9 / 2_000)
    # The order of first labels says nothing of the draw.
    order = "select md5(x::text) from unnest(cast(:ids as uuid[])) x"
    hashes = connection.execute(text(order), {"ids": ids}).scalars().all()
    early = [one for _, one in sorted(zip(hashes, ids, strict=True))][:500]
    assert 25 <= sum(is_drawn(connection, one) for one in early) <= 80


def test_labels_chosen_where_people_disagree_count_for_nothing(connection: Connection) -> None:
    pairs = [judged_pair(connection, number, drawn=number == 2) for number in (1, 2)]
    for pair in pairs:
        for who, said in (("ada", "tie"), ("bob", "tie"), ("cid", "alternative")):
            label(connection, pair, who, said)
    [one] = all_labels(connection).second
    assert (one.exchange_id, one.first, one.second) == (pairs[1], "ada", "bob")
    assert (one.said, one.then) == ("tie", "tie")


def test_words_are_of_the_lower_tiers_answer(connection: Connection) -> None:
    up, down = (
        judged_pair(connection, 1, drawn=True, outcome=False, tier=tier, direction=direction)
        for tier, direction in (("simple", "up"), ("standard", "down"))
    )
    for pair in (up, down):
        label(connection, pair, "ada", "alternative")
        label(connection, pair, "bob", "served")
    found = {one.exchange_id: (one.said, one.then) for one in all_labels(connection).second}
    assert found[up] == ("worse", "better")
    assert found[down] == ("better", "worse")
    assert {(one.reviewer, one.said) for one in all_labels(connection).first} == {
        ("ada", "worse"),
        ("ada", "better"),
    }


def test_judging_a_pair_again_changes_no_label(connection: Connection) -> None:
    pair = judged_pair(connection, 1, drawn=True)
    label(connection, pair, "ada", "tie")
    label(connection, pair, "bob", "alternative")
    before = all_labels(connection)
    put.add_verdict(connection, pair, "alternative", judge_version="newer/v2")
    put.add_outcome(connection, 1, 1.0, exchange_id=pair, judge_version="newer/v2")
    assert all_labels(connection) == before
    [seen] = all_labels(connection, "newer/v2").beside["simple"]
    assert (seen.judged, seen.label) == (1.0, 0.0)


def test_a_pair_without_its_texts_is_not_shown(connection: Connection) -> None:
    put.add_outcome(connection, 1, 0.0)  # of an exchange without text
    assert following(connection, "ada") is None
    pair = judged_pair(connection, 1, drawn=True)
    label(connection, pair, "ada", "tie")
    connection.execute(text("delete from alternative_texts"))
    assert following(connection, "bob") is None


def test_before_any_label_nothing_is_drawn(connection: Connection) -> None:
    assert (following(connection, "ada"), all_labels(connection).first) == (None, [])
    assert all_labels(connection).second == []

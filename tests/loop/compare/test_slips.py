"""Second labels become a slip rate, or a reason why there is none."""

import uuid

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.loop.compare.slips import PeopleSlips, slips_of_labels
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.store.labels.labels import add_label
from tierwatch.store.labels.second_labels import all_labels, is_drawn


def slips(connection: Connection) -> PeopleSlips:
    return slips_of_labels(all_labels(connection))


def label(connection: Connection, pair: uuid.UUID, who: str, preferred: str) -> None:
    add_label(connection, pair, reviewer=who, preferred=preferred, shown_first="served", note="")


def pair_of(connection: Connection, number: int, *, drawn: bool, flagged: bool) -> uuid.UUID:
    """A judged pair, drawn for a second label or not; ids are random, so some are tried."""
    while True:
        pair = put.exchange_id_of(number)
        if is_drawn(connection, pair) is drawn:
            put.add_outcome(connection, number, float(flagged), exchange_id=pair)
            return pair


def label_many(
    connection: Connection, *, twice: int, disagreed: int, once: int = 300, bob: str = "tie"
) -> None:
    """``twice`` pairs with two labels and ``once`` with one; a twentieth is worse for all.

    Where they disagree it is by turns the first and the second that finds the answer worse.
    """
    for number in range(once):
        worse = number % 20 == 0
        pair = pair_of(connection, number, drawn=False, flagged=worse)
        label(connection, pair, "ada", "alternative" if worse else "tie")
    for number in range(once, once + twice):
        pair = pair_of(connection, number, drawn=True, flagged=False)
        differ = number - once < disagreed
        first_accuses = differ and number % 2 == 0
        label(connection, pair, "ada", "alternative" if first_accuses else "tie")
        second_accuses = differ and not first_accuses
        label(connection, pair, "bob", "alternative" if second_accuses else bob)


def test_before_any_label_slips_are_not_measured(connection: Connection) -> None:
    found = slips(connection)
    assert (found.counts.twice, found.drawn, found.reviewers, found.leaning) == (0, 0, (), "")
    assert not found.measured
    assert found.sentence.startswith("Slips of people are not measured: 0 of the 20")


def test_too_few_second_labels_say_what_slips_would_do(connection: Connection) -> None:
    label_many(connection, twice=19, disagreed=0)
    found = slips(connection)
    assert (found.counts.twice, found.measured) == (19, False)
    assert "what slips of 5.0 %" in found.sentence
    rate = tier_rates(connection, put.JUDGE).misroute("simple")
    assert rate.corrected is not None
    assert rate.corrected.value is not None
    assert rate.supposed is not None
    assert rate.supposed.value == pytest.approx(max(0, (rate.corrected.value - 0.05) / 0.9))
    assert "slips" not in rate.corrected.method


def test_measured_slips_come_off_every_corrected_rate(connection: Connection) -> None:
    label_many(connection, twice=50, disagreed=2, once=1_000)
    found = slips(connection)
    assert found.measured
    assert (found.counts.disagreed, found.counts.twice, found.drawn) == (2, 50, 50)
    assert found.sentence.startswith("People slip in 2.0 % of labels (0.2 % to ")
    rate = tier_rates(connection, put.JUDGE).misroute("simple")
    assert rate.corrected is not None
    assert rate.supposed is None
    assert rate.corrected.method.endswith("slips of 2.0 % by 50 second labels")
    # 51 of 1,050 labels say worse: (.0486 - .0204) / .9592
    assert rate.corrected.value == pytest.approx(0.029, abs=0.004)


def test_who_said_what_is_told_by_reviewer(connection: Connection) -> None:
    label_many(connection, twice=4, disagreed=2, once=20, bob="served")
    ada, bob = slips(connection).reviewers
    assert (ada.name, ada.labels, ada.twice, ada.disagreed) == ("ada", 24, 4, 2)
    assert ada.said == {"worse": 2, "tie": 22, "better": 0}
    assert (bob.name, bob.labels, bob.twice, bob.disagreed) == ("bob", 0, 4, 2)
    same = slips(connection).same_word
    assert (same.value, same.n) == (0.0, 4)


def test_one_reviewer_is_asked_for_another(connection: Connection) -> None:
    label_many(connection, twice=0, disagreed=0, once=30)
    assert "which another person than the first has to give" in slips(connection).sentence


def test_a_reviewer_who_always_says_tie_withholds_corrected_rates(connection: Connection) -> None:
    for number in range(160):
        bobs, worse = number % 2 == 0, number % 4 == 1
        pair = pair_of(connection, number, drawn=False, flagged=worse)
        label(connection, pair, "bob" if bobs else "ada", "alternative" if worse else "tie")
    found = slips(connection)
    assert found.leaning == "bob said tie of all 80 pairs, and the others of 50.0 %"
    assert not found.measured
    assert found.sentence.startswith("Reviewers do not find answers worse alike: bob said tie")
    rate = tier_rates(connection, put.JUDGE).misroute("simple")
    assert (rate.corrected, rate.supposed, rate.labels) == (None, None, 160)


def test_pairs_that_were_not_drawn_measure_nothing(connection: Connection) -> None:
    for number in range(40):
        pair = pair_of(connection, number, drawn=False, flagged=False)
        label(connection, pair, "ada", "tie")
        label(connection, pair, "bob", "alternative")
    found = slips(connection)
    assert (found.counts.twice, found.drawn) == (0, 0)

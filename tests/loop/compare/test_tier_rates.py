"""Rates of a tier: weighted by 1 / pi, a conversation as one, corrected where people spoke."""

import math
import uuid

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.compare.tier_rates import MisrouteRate, tier_rates
from tierwatch.store.labels.labels import add_label


def judge_rate(
    connection: Connection, tier: str, judge: str, *, direction: str, level: float = 0.95
) -> Estimate:
    rates = tier_rates(connection, judge)
    return rates.misroute(tier, level=level).judged if direction == "up" else rates.overspend(tier)


def misroute_rate(connection: Connection, tier: str, judge: str) -> MisrouteRate:
    return tier_rates(connection, judge).misroute(tier)


def inconclusive_rate(connection: Connection, tier: str, judge: str) -> Estimate:
    return tier_rates(connection, judge).inconclusive(tier)


def label(connection: Connection, pair: uuid.UUID, preferred: str) -> None:
    add_label(connection, pair, reviewer="ada", preferred=preferred, shown_first="served", note="")


@pytest.mark.parametrize("direction", ["up", "down"])
def test_without_pairs_nothing_is_known(connection: Connection, direction: str) -> None:
    rate = judge_rate(connection, "simple", put.JUDGE, direction=direction)
    assert rate.value is None
    assert rate.n == 0
    nothing = misroute_rate(connection, "simple", put.JUDGE)
    assert (nothing.judged.value, nothing.corrected, nothing.labels) == (None, None, 0)


def test_a_pair_counts_as_many_as_it_stands_for(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, pi=0.5)
    put.add_outcome(connection, 2, 0.0, pi=0.125)
    rate = judge_rate(connection, "simple", put.JUDGE, direction="up")
    # One loss at weight 2, none at weight 8: 2 / 10.
    assert rate.value == pytest.approx(0.2)
    assert rate.n == 2
    # Effective: (2 + 8)^2 / (4 + 64) = 1.47 conversations.
    assert rate.method.startswith("judge rate, 1 effective conversations")
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


def test_only_the_tier_direction_and_judge_that_were_asked_for(connection: Connection) -> None:
    put.add_outcome(connection, 1, 0.0)
    put.add_outcome(connection, 2, 1.0, tier="standard")
    put.add_outcome(connection, 3, 1.0, direction="down")
    put.add_outcome(connection, 4, 1.0, judge_version="older")
    rate = judge_rate(connection, "simple", put.JUDGE, direction="up")
    assert (rate.value, rate.n) == (0.0, 1)


def test_a_conversation_is_one_and_its_pairs_are_counted(connection: Connection) -> None:
    for number in range(40):
        put.add_outcome(connection, number, float(number % 4 == 0), session=f"talk {number // 10}")
    together = judge_rate(connection, "simple", put.JUDGE, direction="up")
    # Of each ten 3, 2, 3, 2 are losses.
    assert together.value == pytest.approx(10 / 40)
    assert together.n == 40
    assert "4 effective conversations" in together.method
    for number in range(40):
        put.add_outcome(
            connection, 100 + number, float(number % 4 == 0), tier="standard", session=f"s{number}"
        )
    apart = judge_rate(connection, "standard", put.JUDGE, direction="up")
    assert apart.value == together.value
    assert apart.high - apart.low < together.high - together.low


def test_overspend_is_what_was_no_loss(connection: Connection) -> None:
    for number in range(20):
        put.add_outcome(
            connection,
            number,
            float(number < 5),
            tier="standard",
            boundary="simple",
            direction="down",
        )
    rate = judge_rate(connection, "standard", put.JUDGE, direction="down")
    # 5 of 20 cheaper answers were worse, so 15 of 20 would have done.
    assert rate.value == pytest.approx(0.75)
    assert rate.low <= 0.75 <= rate.high


def test_contradicting_orders_are_neither_misroute_nor_overspend(connection: Connection) -> None:
    down = {"tier": "standard", "boundary": "simple", "direction": "down"}
    for number in range(100):
        # Of pairs down 20 are needed, 20 would have done, of 60 the judge said nothing.
        basis = "swap_disagreement" if number >= 40 else "pairwise"
        put.add_outcome(connection, number, float(number < 20), basis=basis, **down)
        put.add_outcome(connection, 200 + number, float(number < 20), basis=basis, tier="standard")
    overspend = judge_rate(connection, "standard", put.JUDGE, direction="down")
    misroute = judge_rate(connection, "standard", put.JUDGE, direction="up")
    inconclusive = inconclusive_rate(connection, "standard", put.JUDGE)
    assert overspend.value == pytest.approx(0.2)
    assert misroute.value == pytest.approx(0.2)
    assert (inconclusive.value, inconclusive.n) == (pytest.approx(0.6), 200)
    for rate in (overspend, misroute, inconclusive):
        assert rate.value is not None
        assert rate.low < rate.value < rate.high
    assert inconclusive_rate(connection, "simple", put.JUDGE).value is None


def test_a_judge_that_answers_at_random_shows_no_overspend(connection: Connection) -> None:
    down = {"tier": "standard", "boundary": "simple", "direction": "down"}
    for number in range(120):
        # Two of three contradict; the others agree on served, alternative or a tie by turns.
        basis = "pairwise" if number % 3 == 0 else "swap_disagreement"
        put.add_outcome(connection, number, float(number % 9 == 0), basis=basis, **down)
    rate = judge_rate(connection, "standard", put.JUDGE, direction="down")
    assert rate.value is not None
    assert rate.value < 0.25  # it was 98.3 %


def test_a_direct_rate_is_that_of_twins(connection: Connection) -> None:
    for number in range(40):
        pair = put.add_pair(connection, number, session=f"talk {number // 2}")
        said = ("alternative", "tie", "served", "inconclusive")[number % 4]
        put.add_twin(connection, pair, said, pi=0.5)
    found = tier_rates(connection, put.JUDGE, "complex").direct_rate("simple")
    assert (found.value, found.n) == (pytest.approx(0.25), 40)
    assert "20 effective conversations" in found.method
    assert tier_rates(connection, put.JUDGE, "huge").direct == {}
    assert tier_rates(connection, put.JUDGE, "complex").direct.keys() == {"simple"}
    assert tier_rates(connection, "older", "complex").direct == {}


def test_a_twin_counts_as_many_as_it_stands_for(connection: Connection) -> None:
    put.add_twin(connection, put.add_pair(connection, 1), "alternative", pi=0.5)
    put.add_twin(connection, put.add_pair(connection, 2), "served", pi=0.125)
    put.add_twin(connection, put.add_pair(connection, 3), None)
    found = tier_rates(connection, put.JUDGE, "complex").direct_rate("simple")
    assert (found.value, found.n) == (pytest.approx(0.2), 2)


def test_a_higher_level_gives_a_wider_interval(connection: Connection) -> None:
    for number in range(100):
        put.add_outcome(connection, number, float(number % 10 == 0))
    narrow, wide = (
        judge_rate(connection, "simple", put.JUDGE, direction="up", level=level)
        for level in (0.9, 0.999)
    )
    assert narrow.value == wide.value
    assert wide.low < narrow.low < narrow.high < wide.high


def test_labels_correct_what_the_judge_said(connection: Connection) -> None:
    for number in range(100):
        flagged = number < 30
        pair = put.add_pair(connection, number, "alternative" if flagged else "served")
        put.add_outcome(connection, number, float(flagged), exchange_id=pair)
        if number % 3 == 0:  # people agree with every second flag, and with every clearance
            bad = flagged and number % 2 == 0
            label(connection, pair, "alternative" if bad else "served")
    judged = judge_rate(connection, "simple", put.JUDGE, direction="up")
    rate = misroute_rate(connection, "simple", put.JUDGE)
    assert (rate.judged, rate.labels) == (judged, 34)
    assert judged.value == pytest.approx(0.3)
    assert rate.corrected is not None
    # About half of .3; of 34 labels 10 are of flagged pairs, 5 of these agree.
    assert rate.corrected.value == pytest.approx(0.15, abs=0.02)
    assert not math.isnan(rate.corrected.high)
    assert "double sampling" in rate.corrected.method


@pytest.mark.parametrize("said", ["served", "alternative", "tie"])
def test_the_first_labels_change_no_figure(connection: Connection, said: str) -> None:
    pairs = []
    for number in range(517):
        flagged = number % 23 == 0
        pair = put.add_exchange(connection, number)
        put.add_outcome(connection, number, float(flagged), exchange_id=pair)
        pairs.append(pair)
    before = misroute_rate(connection, "simple", put.JUDGE)
    for labels, pair in enumerate(pairs[:3], 1):
        label(connection, pair, said)
        after = misroute_rate(connection, "simple", put.JUDGE)
        assert (after.judged, after.corrected, after.labels) == (before.judged, None, labels)


def test_a_corrected_rate_is_never_shown_with_an_interval_that_says_nothing(
    connection: Connection,
) -> None:
    shown = []
    for number in range(400):
        flagged = number % 10 == 0
        pair = put.add_exchange(connection, number)
        put.add_outcome(connection, number, float(flagged), exchange_id=pair)
        label(connection, pair, "alternative" if flagged else "tie")
        if number % 40 == 39:
            rate = misroute_rate(connection, "simple", put.JUDGE)
            own = rate.judged.high - rate.judged.low
            if rate.corrected is not None:
                assert rate.corrected.high - rate.corrected.low <= max(0.1, 2 * own)
                shown.append(number)
    assert shown[-1] == 399

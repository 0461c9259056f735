"""A judge is calibrated by people's labels and by anchors, and weak ones are called weak."""

from collections.abc import Mapping

import factories.rows as put
import pytest
from factories.evalsets import ANCHORS, TruthfulJudge
from sqlalchemy import Connection, Engine

from tierwatch.loop.compare.calibrate import JudgeHealth, judge_health, orders_agree
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.loop.watch.checks.anchors import judge_anchors
from tierwatch.store.labels.labels import add_label
from tierwatch.store.labels.second_labels import all_labels


def health_of(connection: Connection, judge: str, tolerance: Mapping[str, float]) -> JudgeHealth:
    labels = all_labels(connection, judge, verdicts=True)
    pairs = tier_rates(connection, judge, labels=labels).pairs
    return judge_health(connection, judge, tolerance, labels=labels, pairs=pairs, delta=0.05)


def health(engine: Engine, **tolerance: float) -> JudgeHealth:
    with engine.connect() as connection:
        return health_of(connection, put.JUDGE, tolerance)


def label(engine: Engine, number: int, judged: str, said: str, *, agree: bool = True) -> None:
    order = {"order": "served_first", "reason": "", "raw": "", "preferred": judged}
    other = order | {"preferred": judged if agree else "served"}
    with engine.begin() as connection:
        pair = put.add_exchange(connection, number)
        put.add_shadow(connection, pair)
        put.add_verdict(connection, pair, judged, orders=[order, other])
        put.add_outcome(connection, number, float(judged == "alternative"), exchange_id=pair)
        add_label(connection, pair, reviewer="ada", preferred=said, shown_first="served", note="")


def test_without_anything_known_nothing_is_claimed(engine: Engine) -> None:
    found = health(engine, simple=0.05)
    assert (found.labels.n, found.anchors.n, found.labelled, found.pairs) == (0, 0, 0, 0)
    assert found.labels.sensitivity.value is None
    assert "no gold pair" in found.weak_for["simple"].reason


def test_labels_give_sensitivity_specificity_and_consistency(engine: Engine) -> None:
    label(engine, 1, "alternative", "alternative")
    label(engine, 2, "tie", "alternative", agree=False)
    label(engine, 3, "tie", "tie")
    label(engine, 4, "alternative", "served")
    label(engine, 5, "served", "served")
    found = health(engine, simple=0.05).labels
    assert found.n == 5
    assert found.sensitivity.value == 0.5  # 1 of 2 truly worse
    assert found.specificity.value is not None
    assert round(found.specificity.value, 3) == 0.667  # 2 of 3
    assert found.position_consistency.value == 0.8


def test_anchors_of_the_newest_run_calibrate_a_judge_nobody_has_labelled(engine: Engine) -> None:
    judge = TruthfulJudge()
    judge.version = put.JUDGE
    judge_anchors(engine=engine, judge=judge, anchors=ANCHORS, why="first")
    judge.changed = lambda number: "alternative" if number in {20, 21} else None
    judge_anchors(engine=engine, judge=judge, anchors=ANCHORS, why="second")
    found = health(engine, simple=0.05, standard=0.6)
    assert found.anchors.n == 40
    assert found.anchors.sensitivity.value == 1.0
    assert found.anchors.specificity.value == 0.9  # 18 of 20
    assert found.anchors.length_preference.n == 2  # the two ties on which it preferred one
    # One false alarm in ten hides a rate of 5 %; a tolerance of 60 % it could certify.
    assert list(found.weak_for) == ["simple"]


def test_a_label_of_another_judges_pair_says_nothing_of_this_one(engine: Engine) -> None:
    label(engine, 1, "alternative", "alternative")
    with engine.connect() as connection:
        other = health_of(connection, "another/v1", {"simple": 0.05})
    assert (other.labels.n, other.labelled, other.pairs) == (0, 0, 0)


def test_pairs_without_a_label_are_counted_apart(engine: Engine) -> None:
    label(engine, 1, "tie", "tie")
    with engine.begin() as connection:
        for number in (2, 3):
            put.add_outcome(connection, number, 0.0)
    found = health(engine)
    assert (found.labelled, found.pairs) == (1, 3)
    assert found.weak_for == {}


@pytest.mark.parametrize(
    ("said", "agree"),
    [
        ([], None),
        (["served"], None),
        (["served", None], None),
        ([None, None], None),
        (["served", "served"], True),
        (["tie", "served"], False),
    ],
)
def test_orders_agree_where_both_were_read(said: list[str | None], agree: bool | None) -> None:  # noqa: FBT001 - what is expected
    assert orders_agree([{"order": "x", "preferred": one} for one in said]) is agree


def test_labels_of_both_kinds_are_preferred_to_anchors(engine: Engine) -> None:
    judge = TruthfulJudge()
    judge.version = put.JUDGE
    judge_anchors(engine=engine, judge=judge, anchors=ANCHORS, why="first")
    assert health(engine, simple=0.05).weak_for == {}  # perfect on the anchors
    # On real pairs every second good answer is flagged, which hides a rate of 5 %.
    for number in range(40):
        bad = number % 2 == 0
        judged = "alternative" if bad or number % 4 == 1 else "tie"
        label(engine, number, judged, "alternative" if bad else "tie")
    found = health(engine, simple=0.05)
    assert found.anchors.specificity.value == 1.0
    assert found.labels.specificity.value == 0.5
    assert "simple" in found.weak_for

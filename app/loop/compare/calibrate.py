"""Calibrate: how far the judge may be believed, from people's labels and from anchors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.evaluation.calibration.judge_calibration import JudgeCalibration, calibrate
from tierwatch.evaluation.calibration.weakness import Weakness, weakness
from tierwatch.store.judgements.evalset_answers import newest_anchor_verdicts
from tierwatch.store.labels.labels import LabelledVerdict, labelled_verdicts
from tierwatch.store.labels.second_labels import AllLabels

# An anchor's and a pair's verdict as one of the first answer: a, or the one that was served.
_OF_ANCHOR = {"a": "better", "b": "worse", "tie": "tie", "inconclusive": "inconclusive"}
_OF_PAIR = {
    "served": "better",
    "alternative": "worse",
    "tie": "tie",
    "inconclusive": "inconclusive",
}
_LONGER = {"a": "served", "b": "alternative", "tie": "tie"}
_ORDERS = 2


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """What is known of a judge version.

    Attributes:
        labels: against people's labels on real pairs; n is 0 before the first.
        anchors: against the newest run of the anchors; n is 0 before the first.
        labelled: pairs with a label.
        pairs: pairs it judged.
        weak_for: by tier, why it could not certify that tier's tolerance; tiers for which it
            could are left out. From labels once there are some of either kind, else from anchors.
    """

    labels: JudgeCalibration
    anchors: JudgeCalibration
    labelled: int
    pairs: int
    weak_for: Mapping[str, Weakness]


def judge_health(
    connection: Connection,
    judge_version: str,
    tolerance: Mapping[str, float],
    *,
    labels: AllLabels,
    pairs: int,
    delta: float,
) -> JudgeHealth:
    """Calibrate a judge version, and say for which tolerances it is too weak.

    Args:
        connection: any.
        judge_version: of the judge.
        tolerance: by tier.
        labels: beside what this judge version said.
        pairs: that it judged.
        delta: chance that a certificate is wrong.
    """
    people = _by_verdicts(labels.verdicts)
    scored = [
        (anchor, anchor.verdict)
        for anchor in newest_anchor_verdicts(connection, judge_version)
        if anchor.verdict is not None
    ]
    anchors = calibrate(
        [_OF_ANCHOR[verdict] for _, verdict in scored],
        [_OF_ANCHOR[anchor.truth] for anchor, _ in scored],
        orders_agree=[anchor.orders_agree for anchor, _ in scored],
        longer=[_LONGER[anchor.longer] for anchor, _ in scored],
    )
    gold = people if people.errors.bad and people.errors.good else anchors
    weak = {tier: weakness(gold, share, delta=delta) for tier, share in tolerance.items()}
    return JudgeHealth(
        labels=people,
        anchors=anchors,
        labelled=labels.judged,
        pairs=pairs,
        weak_for={tier: why for tier, why in weak.items() if why is not None},
    )


def by_labels(connection: Connection, judge_version: str) -> JudgeCalibration:
    """A judge version against the first labels of its pairs, which are taken to be right."""
    return _by_verdicts(labelled_verdicts(connection, judge_version))


def _by_verdicts(said: Sequence[LabelledVerdict]) -> JudgeCalibration:
    return calibrate(
        [_OF_PAIR[row.judged] for row in said],
        [_OF_PAIR[row.label] for row in said],
        orders_agree=[orders_agree(row.orders) for row in said],
    )


def orders_agree(orders: Sequence[Mapping[str, object]]) -> bool | None:
    """Whether both orders gave the same verdict; None where not both were read."""
    said = [order["preferred"] for order in orders]
    if len(said) < _ORDERS or None in said:
        return None
    return said[0] == said[1]

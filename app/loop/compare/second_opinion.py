"""A second opinion: what users did, beside what the judge said of the same pairs.

No alert opens by it. Whoever asks again may have been answered well, and whoever leaves may have
been too; how far such a signal goes with verdicts on this traffic is measured, and shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.calibration.association import association
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.store.signals.beside_verdicts import beside_verdicts
from tierwatch.store.traffic.outside_counts import ReasonCount

_JUDGED: Final = {
    "asked_again": "asked the same again within half an hour",
    "rated_down": "rated the answer down",
    "edited": "edited the answer, as feedback says",
}
# By why they are never sampled: what is known is how many there are.
_COUNTED: Final = {
    "left_early": (
        "unfinished",
        "answer cut short: the caller left, or the provider stopped",
        "such answers are not whole, so none is judged",
    ),
    "chose_themselves": (
        "pinned",
        "chose a tier or a model themselves",
        "whom the router did not place is not sampled, so it is not known what answer came before",
    ),
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """One signal.

    Attributes:
        kind: its name.
        what: in words.
        known: judged pairs of which it is known, or requests.
        said: in how many of them it speaks against the answer.
        correlation: with a loss by the judge; unknown with its reason.
    """

    kind: str
    what: str
    known: int
    said: int
    correlation: Estimate


def second_opinion(
    connection: Connection,
    judge_version: str,
    requests: int,
    counted: Sequence[ReasonCount],
) -> tuple[Opinion, ...]:
    """Each signal of users beside a judge's verdicts.

    Args:
        connection: any.
        judge_version: whose verdicts.
        requests: that were served in total.
        counted: those that are no evidence, by reason (`outside_counts.COUNTED`).
    """
    found = []
    beside = beside_verdicts(connection, judge_version)
    for kind, what in _JUDGED.items():
        seen = beside[kind]
        found.append(
            Opinion(
                kind=kind,
                what=what,
                known=len(seen.signal),
                # A rating speaks against the answer from the middle of its scale on.
                said=sum(signal > 0.5 for signal in seen.signal),  # noqa: PLR2004
                correlation=association(seen.signal, seen.losses, seen.weights, seen.conversations),
            )
        )
    outside = {row.reason: row.requests for row in counted}
    for kind, (reason, what, why) in _COUNTED.items():
        said = round(outside.get(reason, 0.0))
        found.append(Opinion(kind, what, requests, said, unknown(why, low=-1.0)))
    return tuple(found)

"""What users did beside what the judge said of the same pairs."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.sums.hours import sums_by_tier

# Of so many a correlation is known to three points in a hundred.
_NEWEST: Final = 5_000


@dataclass(frozen=True, slots=True)
class SignalColumns:
    """Judged pairs with the next tier up of which a signal is known; lists of equal length.

    Attributes:
        signal: 0 to 1, larger where it speaks against the served answer.
        losses: 1.0 where the judge found that worse.
        weights: 1 / pi.
        conversations: of each pair.
    """

    signal: list[float]
    losses: list[float]
    weights: list[float]
    conversations: list[str]


_ASKED_AGAIN = (
    "select exchange_id, asked_again::int as said from follow_ups"
    " where asked_again is not null order by exchange_id desc limit :newest"
)
# Several ratings of an answer are one: their mean. Callers say that an answer was edited by a field
# of their own, ``edited``: whatever is not a no means that it was.
_GIVEN = (
    "select request_id as exchange_id, 1 - avg(score) as rated,"
    " max(case when lower(coalesce(extra ->> 'edited', 'no')) in ('', 'no', 'false', '0')"
    " then 0 else 1 end) as edited"
    " from (select request_id, score, extra from feedback order by id desc"
    " limit :newest) newest group by request_id"
)
_KINDS: Final = {
    "asked_again": _ASKED_AGAIN,
    "rated_down": f"select exchange_id, rated as said from ({_GIVEN}) given",  # noqa: S608 - ours
    "edited": f"select exchange_id, edited as said from ({_GIVEN}) given",  # noqa: S608 - ours
}


def beside_verdicts(connection: Connection, kind: str, judge_version: str) -> SignalColumns:
    """The newest judged pairs of which this signal is known.

    Args:
        connection: any.
        kind: ``asked_again``, ``rated_down`` or ``edited``.
        judge_version: whose verdicts.
    """
    rows = connection.execute(
        text(
            f"""
            select s.said, o.loss, 1 / o.pi as weight, o.session
            from ({_KINDS[kind]}) s join outcomes o using (exchange_id)
            where o.direction = 'up' and o.judge_version = :judge
            order by o.id
            """  # noqa: S608 - the words are ours
        ),
        {"judge": judge_version, "newest": _NEWEST},
    ).all()
    return SignalColumns(
        signal=[float(row.said) for row in rows],
        losses=[float(row.loss) for row in rows],
        weights=[float(row.weight) for row in rows],
        conversations=[row.session for row in rows],
    )


def requests_outside(connection: Connection, reason: str) -> tuple[float, float]:
    """How many requests were not evidence for this reason, and how many there were."""
    outside = connection.execute(
        text("select coalesce(sum(requests), 0) from outside_counts where reason = :reason"),
        {"reason": reason},
    ).scalar_one()
    served = sum(tier.requests for tier in sums_by_tier(connection).values())
    return float(outside), float(served)

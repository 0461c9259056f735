"""What users did beside what the judge said of the same pairs."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

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


_ONE: Final = (
    "select '{kind}' as kind, s.said::float as said, o.loss, 1 / o.pi as weight, o.session, o.id"
    " from ({query}) s join outcomes o using (exchange_id)"
    " where o.direction = 'up' and o.judge_version = :judge"
)
_BESIDE: Final = text(
    " union all ".join(_ONE.format(kind=kind, query=query) for kind, query in _KINDS.items())
    + " order by kind, id"
)


def beside_verdicts(connection: Connection, judge_version: str) -> dict[str, SignalColumns]:
    """By signal, the newest judged pairs of which it is known, in order of arrival.

    The signals are ``asked_again``, ``rated_down`` and ``edited``.

    Args:
        connection: any.
        judge_version: whose verdicts.
    """
    found = {kind: SignalColumns([], [], [], []) for kind in _KINDS}
    for row in connection.execute(_BESIDE, {"judge": judge_version, "newest": _NEWEST}):
        seen = found[row.kind]
        seen.signal.append(row.said)
        seen.losses.append(row.loss)
        seen.weights.append(row.weight)
        seen.conversations.append(row.session)
    return found

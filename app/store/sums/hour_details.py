"""What judges said and why exchanges failed, added up by the hour as `store.sums.hours` does it.

The database adds them up where it adds up their hour, so both are of the same rows at any moment.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.reading.one_row import Part, json_rows, read_part
from tierwatch.store.sums.hours import FOLDED, NEVER


@dataclass(frozen=True, slots=True)
class VerdictSums:
    """The verdicts of a judge version that rest on one basis.

    Attributes:
        judge_version: of the judge.
        basis: what they rest on.
        verdicts: how many, twins' too.
        scored: of them.
        swapped: of them, read in both orders.
        cut: of them, on texts of which the judge was not shown all.
        calls: that they took.
        cost_usd: of these.
        latency_ms: sum over the verdicts.
        newest_at: when the last was given.
    """

    judge_version: str
    basis: str
    verdicts: int
    scored: int
    swapped: int
    cut: int
    calls: int
    cost_usd: float
    latency_ms: float
    newest_at: dt.datetime


_VERDICTS: Final = text(
    f"""
    {FOLDED}, hours as (
        select * from hour_verdicts where hour not in (select hour from changed)
        union all
        select v.* from changed c, verdicts_by_hour(c.hour, c.hour + interval '1 hour') v
        union all
        select v.* from folded f, verdicts_by_hour(f.until, :never) v
    )
    select judge_version, basis, sum(verdicts)::bigint, sum(scored)::bigint, sum(swapped)::bigint,
           sum(cut)::bigint, sum(calls)::bigint, sum(cost_usd), sum(latency_ms), max(newest_at)
    from hours group by judge_version, basis order by judge_version, basis
    """  # noqa: S608 - ours
)
_FAILURES = f"""
    {FOLDED}, hours as (
        select hour, step, reason, n from hour_failures where hour not in (select hour from changed)
        union all
        select f.* from changed c, failures_by_hour(c.hour, c.hour + interval '1 hour') f
        union all
        select f.* from folded, failures_by_hour(folded.until, :never) f
    )
    select step || ': ' || reason as why, sum(n)::bigint as n
    from hours group by 1 order by n desc, why limit :most
"""  # noqa: S608 - ours
# Up to ``never``, the ``most`` frequent ones, as `failure_sums`.
FAILURES: Final[Part[dict[str, int]]] = Part(
    (json_rows(_FAILURES),), lambda rows: {row["why"]: row["n"] for row in rows}
)


def verdict_sums(connection: Connection) -> list[VerdictSums]:
    """All verdicts that are kept, by judge version and basis."""
    return [VerdictSums(*row) for row in connection.execute(_VERDICTS, {"never": NEVER})]


def failure_sums(connection: Connection, *, most: int) -> dict[str, int]:
    """Exchanges that failed: ``step: reason`` -> how many, most first, twins apart."""
    return read_part(connection, FAILURES, never=NEVER, most=most)

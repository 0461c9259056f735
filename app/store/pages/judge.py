"""What each judge version did, for the judge page."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

# What `judges` writes as a verdict's basis when the order of the answers decided.
SWAP_DISAGREEMENT = "swap_disagreement"


@dataclass(frozen=True, slots=True)
class JudgeVersion:
    """The work of one judge version.

    ``swapped`` counts verdicts read in both orders, ``disagreed`` those of them where the order
    decided; ``by_basis`` says what the scored verdicts rest on.
    """

    judge_version: str
    verdicts: int
    scored: int
    swapped: int
    disagreed: int
    calls: int
    cost_usd: float
    latency_ms: float
    newest_at: dt.datetime
    by_basis: dict[str, int]
    unscored: dict[str, int]


def judge_versions(connection: Connection) -> list[JudgeVersion]:
    """What each judge version did, newest first."""
    figures = text(
        """
        select judge_version, count(*) as verdicts, count(preferred) as scored,
               count(*) filter (
                   where orders->0->>'preferred' is not null
                     and orders->1->>'preferred' is not null) as swapped,
               count(*) filter (where basis = :disagreement) as disagreed,
               sum(calls)::bigint as calls, sum(cost_usd) as cost_usd,
               avg(latency_ms) as latency_ms, max(created_at) as newest_at
        from verdicts group by judge_version order by newest_at desc
        """
    )
    grounds = text(
        """
        select judge_version, preferred is not null as scored,
               case when preferred is null then unscored_why else basis end as why, count(*) as n
        from verdicts group by 1, 2, 3 order by n desc, why
        """
    )
    grounds_of: dict[tuple[str, bool], dict[str, int]] = {}
    for row in connection.execute(grounds):
        grounds_of.setdefault((row.judge_version, row.scored), {})[row.why] = row.n
    return [
        JudgeVersion(
            **row,
            by_basis=grounds_of.get((row["judge_version"], True), {}),
            unscored=grounds_of.get((row["judge_version"], False), {}),
        )
        for row in connection.execute(figures, {"disagreement": SWAP_DISAGREEMENT}).mappings()
    ]

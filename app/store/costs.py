"""What evaluation costs, by kind: shadow answers, judging, and the checks (anchors and probes)."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.work import LostCostRow

Kind = Literal["shadow", "judge", "checks"]

_SUMS = """
select
  coalesce((select sum(cost_usd) from alternatives {pairs}), 0)
    + coalesce((select sum(candidate_usd) from model_trial_pairs {tried}), 0) as shadow,
  coalesce((select sum(cost_usd) from verdicts {pairs}), 0)
    + coalesce((select sum(judge_usd) from model_trial_pairs {tried}), 0) as judge,
  coalesce((select sum(cost_usd) from anchor_verdicts {since}), 0)
    + coalesce((select sum(cost_usd) from probe_answers {since}), 0) as checks,
  coalesce((select sum(cost_usd) from lost_costs where kind = 'shadow' {also}), 0) as lost_shadow,
  coalesce((select sum(cost_usd) from lost_costs where kind = 'judge' {also}), 0) as lost_judge,
  coalesce((select sum(cost_usd) from lost_costs where kind = 'checks' {also}), 0) as lost_checks
from (select date_trunc('day', now(), 'UTC') as day) d
"""
_EVER = text(_SUMS.format(pairs="", since="", also="", tried=""))
_BESIDE = text(_SUMS.format(pairs="where false", since="", also="", tried=""))
_TODAY = text(
    _SUMS.format(
        pairs="where created_at >= d.day",
        since="where created_at >= d.day",
        also="and created_at >= d.day",
        # Those that wait for their result have cost something too: as drawn today, or before.
        tried="where coalesce(ended_at, now()) >= d.day",
    )
)


@dataclass(frozen=True, slots=True)
class EvaluationCosts:
    """USD spent on evaluation. Answers that were paid for and not kept are counted.

    Attributes:
        shadow_usd: answers of other tiers, and of models that are tried in a tier's place.
        judge_usd: comparing pairs, those of such trials among them.
        checks_usd: anchors and probes.
    """

    shadow_usd: float
    judge_usd: float
    checks_usd: float

    @property
    def total_usd(self) -> float:
        """All of it."""
        return self.shadow_usd + self.judge_usd + self.checks_usd


def costs_beside(connection: Connection) -> EvaluationCosts:
    """What evaluation has cost but for alternatives and verdicts of exchanges (`sums.hours`)."""
    return _costs(connection, _BESIDE)


def evaluation_costs(connection: Connection, *, today: bool = False) -> EvaluationCosts:
    """What evaluation has cost in total, or since midnight UTC."""
    return _costs(connection, _TODAY if today else _EVER)


def _costs(connection: Connection, query: TextClause) -> EvaluationCosts:
    row = connection.execute(query).one()
    return EvaluationCosts(
        shadow_usd=float(row.shadow + row.lost_shadow),
        judge_usd=float(row.judge + row.lost_judge),
        checks_usd=float(row.checks + row.lost_checks),
    )


def add_lost_cost(connection: Connection, kind: Kind, cost_usd: float) -> None:
    """Count a call that was paid for and whose answer was not kept; nothing when it was free."""
    if cost_usd > 0:
        connection.execute(insert(LostCostRow).values(kind=kind, cost_usd=cost_usd))


def spent_today(connection: Connection) -> float:
    """USD spent since midnight UTC on shadow answers, judging, anchors and probes."""
    return evaluation_costs(connection, today=True).total_usd


def is_spent(connection: Connection, budget_usd_per_day: float | None) -> bool:
    """Whether today's evaluation budget is used up; never without a budget."""
    return budget_usd_per_day is not None and spent_today(connection) >= budget_usd_per_day

"""What evaluation costs, by kind: shadow answers, judging, and the checks (anchors and probes)."""

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.reading.one_row import Part, read_part
from tierwatch.store.schema.work import LostCostRow

Kind = Literal["shadow", "judge", "checks"]

_LOST = "(select sum(cost_usd) from lost_costs where kind = '{kind}' {also})"
_COLUMNS = (
    # Answers of other tiers, judging, the checks; then of each what was paid for and not kept.
    "(select sum(cost_usd) from alternatives {pairs})",
    "(select sum(candidate_usd) from model_trial_pairs {tried})",
    _LOST.replace("{kind}", "shadow"),
    "(select sum(cost_usd) from verdicts {pairs})",
    "(select sum(judge_usd) from model_trial_pairs {tried})",
    _LOST.replace("{kind}", "judge"),
    "(select sum(cost_usd) from anchor_verdicts {since})",
    "(select sum(cost_usd) from probe_answers {since})",
    _LOST.replace("{kind}", "checks"),
)
_OF_EACH = 3


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


def _part(
    *, pairs: str = "", since: str = "", also: str = "", tried: str = ""
) -> Part[EvaluationCosts]:
    return Part(
        tuple(one.format(pairs=pairs, since=since, also=also, tried=tried) for one in _COLUMNS),
        _costs,
    )


def _costs(*sums: float | None) -> EvaluationCosts:
    known = [0.0 if one is None else float(one) for one in sums]
    return EvaluationCosts(
        *(sum(known[place : place + _OF_EACH]) for place in range(0, len(known), _OF_EACH))
    )


_EVER: Final[Part[EvaluationCosts]] = _part()
# But for alternatives and verdicts of exchanges, which `sums.hours` has.
BESIDE: Final[Part[EvaluationCosts]] = _part(pairs="where false")
_DAY = "date_trunc('day', now(), 'UTC')"
TODAY: Final[Part[EvaluationCosts]] = _part(
    pairs=f"where created_at >= {_DAY}",
    since=f"where created_at >= {_DAY}",
    also=f"and created_at >= {_DAY}",
    # Those that wait for their result have cost something too: as drawn today, or before.
    tried=f"where coalesce(ended_at, now()) >= {_DAY}",
)


def evaluation_costs(connection: Connection, *, today: bool = False) -> EvaluationCosts:
    """What evaluation has cost in total, or since midnight UTC."""
    return read_part(connection, TODAY if today else _EVER)


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

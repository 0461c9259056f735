"""What the judge said of anchors, and what tiers answered to probes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict, Unpack

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.schema.checks import AnchorVerdictRow, ProbeAnswerRow

Side = Literal["a", "b", "tie"]
Said = Side | Literal["inconclusive"]


class AnchorVerdictColumns(TypedDict):
    """What is kept of an anchor; ``verdict`` is None when it was unscored."""

    run_id: int
    anchor_id: str
    truth: str
    verdict: str | None
    orders_agree: bool | None
    longer: str
    cost_usd: float
    asked: NotRequired[Sequence[Json]]


class ProbeAnswerColumns(TypedDict):
    """What is kept of a probe; ``passed`` is None when there was no answer."""

    run_id: int
    probe_id: str
    passed: bool | None
    reply: str
    cost_usd: float


@dataclass(frozen=True, slots=True)
class AnchorVerdict:
    """What the judge said of an anchor.

    Attributes:
        truth: what is known to be right.
        verdict: what the judge said; None when it was unscored. Stored is a tie where its orders
            contradict each other, as all versions read it; here that is ``inconclusive``.
        orders_agree: whether both orders gave the same; None where not both were read.
        longer: which answer is the longer one.
        cost_usd: of the verdict.
        judges: how many were asked for it.
    """

    anchor_id: str
    truth: Side
    verdict: Said | None
    orders_agree: bool | None
    longer: Side
    cost_usd: float
    judges: int


def add_anchor_verdict(connection: Connection, **columns: Unpack[AnchorVerdictColumns]) -> None:
    """Keep what the judge said of an anchor; once a run."""
    connection.execute(insert(AnchorVerdictRow).values(**columns).on_conflict_do_nothing())


def add_probe_answer(connection: Connection, **columns: Unpack[ProbeAnswerColumns]) -> None:
    """Keep what a tier answered to a probe; once a run."""
    connection.execute(insert(ProbeAnswerRow).values(**columns).on_conflict_do_nothing())


def anchor_verdicts(connection: Connection, run_id: int) -> Mapping[str, str | None]:
    """Verdict by anchor of one run: ``a | b | tie``, None where it was unscored."""
    rows = connection.execute(
        select(AnchorVerdictRow.anchor_id, AnchorVerdictRow.verdict)
        .where(AnchorVerdictRow.run_id == run_id)
        .order_by(AnchorVerdictRow.anchor_id)
    )
    return {row.anchor_id: row.verdict for row in rows}


def probe_results(connection: Connection, run_id: int) -> Mapping[str, bool | None]:
    """By probe, whether the tier passed it in one run; None where there was no answer."""
    rows = connection.execute(
        select(ProbeAnswerRow.probe_id, ProbeAnswerRow.passed)
        .where(ProbeAnswerRow.run_id == run_id)
        .order_by(ProbeAnswerRow.probe_id)
    )
    return {row.probe_id: row.passed for row in rows}


def newest_anchor_verdicts(connection: Connection, judge_version: str) -> list[AnchorVerdict]:
    """Every verdict of the newest ended run of a judge."""
    found = connection.execute(
        text(
            "select anchor_id, truth, case when verdict = 'tie' and not orders_agree"
            " then 'inconclusive' else verdict end as verdict, orders_agree, longer,"
            " cost_usd, greatest(jsonb_array_length(asked), 1) as judges"
            " from anchor_verdicts"
            " where run_id = (select max(id) from evalset_runs where kind = 'anchors'"
            " and subject = :judge and ended_at is not null) order by anchor_id"
        ),
        {"judge": judge_version},
    )
    return [AnchorVerdict(*row) for row in found]

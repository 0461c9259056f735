"""What the judge said of anchors, and what tiers answered to probes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.checks import AnchorVerdictRow, ProbeAnswerRow


def add_anchor_verdict(connection: Connection, **columns: Any) -> None:
    """Keep what the judge said of an anchor; once a run."""
    connection.execute(insert(AnchorVerdictRow).values(columns).on_conflict_do_nothing())


def add_probe_answer(connection: Connection, **columns: Any) -> None:
    """Keep what a tier answered to a probe; once a run."""
    connection.execute(insert(ProbeAnswerRow).values(columns).on_conflict_do_nothing())


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


def newest_anchor_verdicts(connection: Connection, judge_version: str) -> list[Any]:
    """Every verdict of the newest ended run of a judge: truth, verdict, orders_agree, longer."""
    return list(
        connection.execute(
            text(
                "select anchor_id, truth, verdict, orders_agree, longer from anchor_verdicts"
                " where run_id = (select max(id) from evalset_runs where kind = 'anchors'"
                " and subject = :judge and ended_at is not null) order by anchor_id"
            ),
            {"judge": judge_version},
        )
    )

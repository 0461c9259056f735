"""State of the monitors, by stream: written by whoever watches, read by the report."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypedDict, Unpack

from sqlalchemy import Connection, delete, func, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.judgements.outcomes import NEWEST_JUDGE
from tierwatch.store.judgements.own_rules import OwnRules
from tierwatch.store.reading.one_row import Part, json_rows, read_part, values_of
from tierwatch.store.schema.judgements import MonitorRow
from tierwatch.store.schema.values import field_names, select_fields


class MonitorColumns(TypedDict):
    """What is written of a stream."""

    kind: str
    stream: str
    tier: str
    task_type: str
    policy_version: int
    judge_version: str
    state: Json
    pairs: int
    losses: float
    newest_request_no: int
    alarmed: bool
    estimate: Json | None


@dataclass(frozen=True, slots=True)
class Monitor:
    """What is known of a stream.

    Attributes:
        kind: ``misroute``, ``recovery``, ``input``, ``capture``, ``judge``, ``probe``, ``trust``
            or ``first_judge``, among others.
        state: of the monitor, as the class that watches this kind wrote it.
        losses: sum of the losses it has seen.
        estimate: what a reader is shown; None where the kind has no such figures.
    """

    stream: str
    kind: str
    tier: str
    task_type: str
    policy_version: int
    judge_version: str
    state: Json
    pairs: int
    losses: float
    newest_request_no: int
    alarmed: bool
    estimate: Json | None
    updated_at: dt.datetime


def load_monitor(connection: Connection, stream: str) -> Monitor | None:
    """Return what is known of a stream, locked, or None."""
    row = connection.execute(
        select_fields(Monitor, MonitorRow).where(MonitorRow.stream == stream).with_for_update()
    ).one_or_none()
    return None if row is None else Monitor(*row)


def segment_monitors(
    connection: Connection, kind: str, *, tier: str, task_type: str, judge_version: str
) -> list[Monitor]:
    """What is known of a segment's streams, whatever their rule and model, locked."""
    rows = connection.execute(
        select_fields(Monitor, MonitorRow)
        .where(
            MonitorRow.kind == kind,
            MonitorRow.tier == tier,
            MonitorRow.task_type == task_type,
            MonitorRow.judge_version == judge_version,
        )
        .order_by(MonitorRow.stream)
        .with_for_update()
    )
    return [Monitor(*row) for row in rows]


def put_monitor(connection: Connection, **columns: Unpack[MonitorColumns]) -> None:
    """Write a stream's state."""
    new = insert(MonitorRow).values(**columns, updated_at=func.now())
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[MonitorRow.stream],
            set_={
                name: new.excluded[name]
                for name in ("state", "pairs", "losses", "newest_request_no", "alarmed", "estimate")
            }
            | {"updated_at": func.now()},
        )
    )


def read_monitor(connection: Connection, stream: str) -> Monitor | None:
    """Return what is known of a stream, or None; not locked."""
    row = connection.execute(
        select_fields(Monitor, MonitorRow).where(MonitorRow.stream == stream)
    ).one_or_none()
    return None if row is None else Monitor(*row)


def trust_of(connection: Connection, judge_version: str) -> Monitor | None:
    """What was kept of a judge version's trust, or None."""
    return read_monitor(connection, f"trust|{judge_version}")


_trusts: Final = values_of(Monitor)
# Of the judge version that spoke last; before any has spoken, of the one that was weighed last.
SHOWN_TRUST: Final = Part(
    (
        json_rows(
            f"select {field_names(Monitor)} from monitors where kind = 'trust'"  # noqa: S608 - ours
            f" and judge_version = coalesce({NEWEST_JUDGE}, judge_version)"
            " order by updated_at desc, stream limit 1"
        ),
    ),
    lambda rows: next(iter(_trusts(rows)), None),
)


def shown_judge_trust(connection: Connection) -> Monitor | None:
    """What was kept of the trust in the judge version that spoke last, or None.

    Before any has spoken, of the one that was weighed last.
    """
    return read_part(connection, SHOWN_TRUST)


def forget_monitors(
    connection: Connection, kind: str, *, tier: str | None = None, task_type: str | None = None
) -> None:
    """Start streams of a kind anew, as after an alert was resolved; of one segment if named."""
    gone = delete(MonitorRow).where(MonitorRow.kind == kind)
    if tier is not None:
        gone = gone.where(MonitorRow.tier == tier)
    if task_type is not None:
        gone = gone.where(MonitorRow.task_type == task_type)
    connection.execute(gone)


def forget_stream(connection: Connection, stream: str) -> None:
    """Forget one stream."""
    connection.execute(delete(MonitorRow).where(MonitorRow.stream == stream))


def forget_recoveries(connection: Connection) -> None:
    """Forget what was gathered for the end of alerts that are resolved by now."""
    connection.execute(
        text(
            "delete from monitors where kind = 'recovery' and stream not in"
            " (select 'recovery|' || id from alerts where state <> 'resolved')"
        )
    )


@dataclass(frozen=True, slots=True)
class ActiveStream:
    """A misroute stream as the report reads it; ``state`` and ``estimate`` are as in `Monitor`."""

    state: Json
    pairs: int
    alarmed: bool
    estimate: Json


def active_streams(
    connection: Connection,
    models: Mapping[str, str],
    *,
    judge_version: str,
    rules: OwnRules | None = None,
) -> dict[str, list[ActiveStream]]:
    """Misroute streams of now by tier: under an active rule, of this model and judge.

    Args:
        connection: any.
        models: by tier that is asked for, the variant that serves it.
        judge_version: whose verdicts.
        rules: those of the same connection, for whoever has them.
    """
    rows = connection.execute(
        text(
            "select tier, state, pairs, alarmed, estimate, stream, policy_version from monitors"
            " where kind = 'misroute' and tier = any(:tiers) and estimate is not null"
            " and judge_version = :judge order by stream"
        ),
        {"tiers": list(models), "judge": judge_version},
    )
    rules = rules or OwnRules(connection)
    found: dict[str, list[ActiveStream]] = {tier: [] for tier in models}
    for row in rows:
        model = dict(enumerate(row.stream.split("|"))).get(_MODEL, "")
        if model in {"", models[row.tier]} and rules.is_active(row.stream, row.policy_version):
            stream = ActiveStream(row.state, row.pairs, row.alarmed, row.estimate)
            found[row.tier].append(stream)
    return found


# The place of the model in a stream's name; empty where it was not known.
_MODEL: Final = 3

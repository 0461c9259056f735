"""A pair with all that is known of it, as its page shows it."""

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.judgements.preferred import preferred_said
from tierwatch.store.pages.pairs import PairLine, pair_line
from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    AlternativeTextRow,
    ExchangeRow,
    ExchangeTextRow,
)
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.values import select_fields
from tierwatch.store.schema.work import AttemptRow, FailureRow
from tierwatch.store.traffic.media import MediaLine, media_lines
from tierwatch.store.traffic.stored_request import library_form


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge version said of a pair; ``preferred`` is None when unscored.

    ``asked`` has each of several judges that were asked for it, the one that spoke last.
    """

    judge_version: str
    preferred: str | None
    basis: str
    reason: str
    unscored_why: str
    orders: JsonList
    cost_usd: float
    calls: int
    latency_ms: float
    asked: JsonList
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that was tried; ``error`` is empty when it answered."""

    step: str
    model: str
    error: str
    detail: str
    latency_ms: float
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair with all that is known of it.

    Texts are None once retention took them; ``alternative`` is None before the shadow ran.
    ``request`` is in OpenAI's form, whichever ``wire`` it came on.
    ``fitted`` is what was done to it for each arm to take it (docs/wires.md).
    ``prompt_version`` is the caller's name for its prompt, or a digest of the system prompt.
    ``failed`` names the step and the reason of a terminal failure.
    """

    line: PairLine
    session: str
    model: str
    provider: str
    label: str
    confidences: Json
    escalated: bool
    reason: str
    pi: float
    prompt_tokens: int
    completion_tokens: int
    latency_ms: float
    alternative_model: str | None
    alternative_cost_usd: float | None
    alternative_latency_ms: float | None
    alternative_tokens: int | None
    fitted: list[str]
    prompt_version: str | None
    alternative_fitted: list[str] | None
    wire: str | None
    request: Json | None
    answer: Json | None
    alternative: Json | None
    media: list[MediaLine]
    failed: str | None
    verdicts: list[Verdict]
    attempts: list[Attempt]


def _as_said(found: Verdict) -> Verdict:
    return replace(found, preferred=preferred_said(found.preferred, found.basis))


def pair(connection: Connection, pair_id: uuid.UUID) -> Pair | None:
    """Everything about one pair, or None when there is no such exchange."""
    line = pair_line(connection, pair_id)
    if line is None:
        return None
    failed = FailureRow.step + ": " + FailureRow.reason
    details = (
        select(
            ExchangeRow.session,
            ExchangeRow.model,
            ExchangeRow.provider,
            ExchangeRow.label,
            ExchangeRow.confidences,
            ExchangeRow.escalated,
            ExchangeRow.reason,
            ExchangeRow.pi,
            ExchangeRow.prompt_tokens,
            ExchangeRow.completion_tokens,
            ExchangeRow.latency_ms,
            AlternativeRow.model.label("alternative_model"),
            AlternativeRow.cost_usd.label("alternative_cost_usd"),
            AlternativeRow.latency_ms.label("alternative_latency_ms"),
            AlternativeRow.completion_tokens.label("alternative_tokens"),
            ExchangeRow.fitted,
            ExchangeRow.prompt_version,
            AlternativeRow.fitted.label("alternative_fitted"),
            ExchangeTextRow.wire,
            ExchangeTextRow.request,
            ExchangeTextRow.answer,
            AlternativeTextRow.answer.label("alternative"),
            failed.label("failed"),
        )
        .select_from(ExchangeRow)
        .outerjoin(AlternativeRow, AlternativeRow.exchange_id == ExchangeRow.id)
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == ExchangeRow.id)
        .outerjoin(AlternativeTextRow, AlternativeTextRow.id == ExchangeRow.id)
        .outerjoin(FailureRow, FailureRow.exchange_id == ExchangeRow.id)
        .where(ExchangeRow.id == pair_id)
    )
    verdicts = (
        select_fields(Verdict, VerdictRow)
        .where(VerdictRow.exchange_id == pair_id)
        .order_by(VerdictRow.created_at.desc(), VerdictRow.judge_version)
    )
    attempts = (
        select_fields(Attempt, AttemptRow)
        .where(AttemptRow.exchange_id == pair_id)
        .order_by(AttemptRow.id)
        .limit(100)
    )
    known = dict(connection.execute(details).mappings().one())
    if known["request"] is not None:
        known["request"] = library_form(known["request"], known["wire"])
    return Pair(
        line=line,
        **known,
        media=media_lines(connection, pair_id),
        verdicts=[_as_said(Verdict(*row)) for row in connection.execute(verdicts)],
        attempts=[Attempt(*row) for row in connection.execute(attempts)],
    )

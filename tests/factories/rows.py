"""Rows for tests of what is read: each function inserts one thing and returns its id."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from factories import evidence as stored
from sqlalchemy import Connection, insert, select, update

from tierwatch.loop.capture.direct.twins import twin_id
from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.schema.checks import AnchorVerdictRow, EvalsetRunRow
from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    AlternativeTextRow,
    DirectPairRow,
    ExchangeRow,
    ExchangeTextRow,
)
from tierwatch.store.schema.judgements import OutcomeRow, VerdictRow
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.policies import ActivePolicyRow, DrainRow, PolicyRow
from tierwatch.store.schema.proposals import AlertRow, ProposalRow
from tierwatch.store.schema.traffic import RollupRow
from tierwatch.store.schema.work import FailureRow

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
JUDGE = "pairwise/v2/judge-1"
ABOVE = {"simple": "standard", "standard": "complex"}
BELOW = {"standard": "simple", "complex": "standard"}


def exchange_id_of(request_no: int) -> uuid.UUID:
    """An id of the moment at which an exchange of this number arrives; another one each time."""
    return new_exchange_id((NOW + dt.timedelta(seconds=request_no)).timestamp())


def add_exchange(
    connection: Connection,
    request_no: int,
    *,
    tier: str = "simple",
    direction: str = "up",
    question: str = "What is 2 + 2?",
    answer: dict[str, Any] | None = None,
    asked: dict[str, Any] | None = None,
    **changes: Any,
) -> uuid.UUID:
    """An exchange that waits for its shadow; arrivals are a second apart.

    ``asked`` is the text's request with its wire and headers, where it is not plain OpenAI.
    """
    arrived = NOW + dt.timedelta(seconds=request_no)
    exchange_id = exchange_id_of(request_no)
    columns = {
        "id": exchange_id,
        "request_no": request_no,
        "arrived_at": arrived,
        "session": f"session {request_no}",
        "tier": tier,
        "model": f"{tier}-1",
        "provider": "lab",
        "label": tier,
        "confidence": 0.9,
        "confidences": {"simple": 0.9},
        "threshold": 0.7,
        "escalated": False,
        "task_type": "all",
        "policy_version": 1,
        "reason": "kept",
        "direction": direction,
        "alternative_tier": (ABOVE if direction == "up" else BELOW)[tier],
        "rate": 1.0,
        "pi": 1.0,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "cost_usd": 0.001,
        "latency_ms": 500.0,
    }
    connection.execute(insert(ExchangeRow).values(columns | changes))
    connection.execute(
        insert(ExchangeTextRow).values(
            {
                "id": exchange_id,
                "request": {"messages": [{"role": "user", "content": question}]},
                "answer": answer or {"role": "assistant", "content": "4"},
            }
            | (asked or {})
        )
    )
    return exchange_id


def add_shadow(connection: Connection, exchange_id: uuid.UUID, text: str = "four") -> None:
    """The shadow answer of an exchange."""
    connection.execute(
        insert(AlternativeRow).values(
            exchange_id=exchange_id,
            tier="standard",
            model="standard-1",
            prompt_tokens=10,
            completion_tokens=30,
            cost_usd=0.01,
            latency_ms=900.0,
        )
    )
    message = {"role": "assistant", "content": text}
    connection.execute(insert(AlternativeTextRow).values(id=exchange_id, answer=message))


def add_verdict(
    connection: Connection, exchange_id: uuid.UUID, preferred: str | None = "tie", **changes: Any
) -> None:
    """The judge's word on a pair; None is unscored."""
    order = {"order": "served_first", "preferred": preferred, "reason": "because", "raw": ""}
    columns = {
        "exchange_id": exchange_id,
        "judge_version": JUDGE,
        "preferred": preferred,
        "basis": "pairwise",
        "reason": "both say four",
        "unscored_why": "" if preferred else "no JSON in the reply",
        "orders": [order, order | {"order": "alternative_first"}],
        "cost_usd": 0.002,
        "calls": 2,
        "latency_ms": 1500.0,
    }
    connection.execute(insert(VerdictRow).values(columns | changes))


def add_pair(
    connection: Connection, request_no: int, preferred: str | None = "tie", **changes: Any
) -> uuid.UUID:
    """A judged pair (an unscored one with None), without its outcome."""
    exchange_id = add_exchange(connection, request_no, **changes)
    add_shadow(connection, exchange_id)
    add_verdict(connection, exchange_id, preferred)
    return exchange_id


def add_twin(
    connection: Connection,
    exchange_id: uuid.UUID,
    preferred: str | None = "tie",
    *,
    judged: bool = True,
    pi: float = 1.0,
    **changes: Any,
) -> uuid.UUID:
    """The twin of an exchange, compared with ``complex``; an unscored one with None."""
    twin = twin_id(exchange_id, "complex")
    row = connection.execute(select(*ExchangeRow.__table__.columns).filter_by(id=exchange_id))
    own = {"id": twin, "direction": "top", "alternative_tier": "complex", "pi": pi}
    connection.execute(insert(ExchangeRow).values(dict(row.mappings().one()) | own | changes))
    said = select(*ExchangeTextRow.__table__.columns).filter_by(id=exchange_id)
    for text in connection.execute(said).mappings():
        connection.execute(insert(ExchangeTextRow).values(dict(text) | {"id": twin}))
    connection.execute(
        insert(DirectPairRow).values(
            exchange_id=exchange_id, tier="complex", twin_id=twin, share=1.0, pi=pi
        )
    )
    if judged:
        add_shadow(connection, twin)
        add_verdict(connection, twin, preferred)
    return twin


def add_failure(connection: Connection, exchange_id: uuid.UUID, reason: str = "timeout") -> None:
    """The end of an exchange that could not be shadowed."""
    connection.execute(
        insert(FailureRow).values(exchange_id=exchange_id, step="shadow", reason=reason)
    )


def add_outcome(
    connection: Connection, request_no: int, loss: float, *, tier: str = "simple", **changes: Any
) -> None:
    """What a verdict means for a boundary; of an exchange that is not stored."""
    columns = {
        "exchange_id": exchange_id_of(request_no),
        "judge_version": JUDGE,
        "session": f"session {request_no}",
        "request_no": request_no,
        "tier": tier,
        "task_type": "all",
        "boundary": tier,
        "direction": "up",
        "stream": tier,
        "policy_version": 1,
        "confidence": 0.9,
        "pi": 1.0,
        "weight": 1.0,
        "loss": loss,
        "basis": "pairwise",
    }
    connection.execute(insert(OutcomeRow).values(columns | changes))


def add_anchors(
    connection: Connection,
    right: int,
    n: int,
    *,
    judge: str = JUDGE,
    wrong: str | None = "b",
    asked: Sequence[Sequence[str]] = (),
    cost_usd: float = 0.0,
) -> int:
    """An ended run over anchors that are all a; of those not ``right`` the judge says ``wrong``.

    ``asked`` has the judges that were asked of the first ones, where there are several.
    """
    run = connection.execute(
        insert(EvalsetRunRow)
        .values(
            kind="anchors", subject=judge, model=judge, set_version="1", why="schedule",
            started_at=NOW, until=NOW, ended_at=NOW,
        )
        .returning(EvalsetRunRow.id)
    ).scalar_one()  # fmt: skip
    rows = [
        {
            "run_id": run, "anchor_id": f"a{number}", "truth": "a", "longer": "a",
            "verdict": "a" if number < right else wrong, "orders_agree": True, "cost_usd": cost_usd,
            "asked": [{"judge": name} for name in asked[number]] if number < len(asked) else [],
        }
        for number in range(n)
    ]  # fmt: skip
    connection.execute(insert(AnchorVerdictRow), rows)
    return int(run)


def add_rollup(connection: Connection, tier: str, requests: int, **changes: Any) -> None:
    """A minute of a tier's traffic."""
    columns = {
        "minute": NOW,
        "tier": tier,
        "task_type": "all",
        "bin": 0,
        "policy_version": 1,
        "requests": requests,
        "finished": requests,
        "errors": 0,
        "escalated": 0,
        "sampled": 0,
        "dropped": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cost_usd": 1.0,
        "cost_top_tier_usd": 4.0,
        "latency_ms": 100.0 * requests,
    }
    connection.execute(insert(RollupRow).values(columns | changes))


def add_policy(connection: Connection, version: int = 1, simple: float = 0.7) -> None:
    """A policy version that is not in force."""
    connection.execute(
        insert(PolicyRow).values(
            version=version,
            thresholds={"simple": simple, "standard": 0.7},
            by_task={},
            author="ada",
            reason=f"reason {version}",
        )
    )


def put_model(connection: Connection, version: int, tier: str, model: str) -> None:
    """Let a stored policy have a tier served by a model in place of the file's."""
    price = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    whole = {
        "model": model, "provider": "lab", "effort": "", "instead_of": f"{tier}-1",
        "price": price | dict.fromkeys(("cached_input_usd_per_mtok", "cache_write_usd_per_mtok")),
    }  # fmt: skip
    changed = update(PolicyRow).where(PolicyRow.version == version)
    connection.execute(changed.values(models={tier: whole}))


def put_in_force(connection: Connection, version: int = 1) -> None:
    """Put a version in force."""
    connection.execute(
        insert(ActivePolicyRow).values(
            id=1, stable_version=version, candidate_version=None, share=0.0, salt="salt"
        )
    )


def add_drain(connection: Connection, tier: str, **changes: Any) -> int:
    """A row of a tier that is sent up until the year 2100; the active policy is left alone."""
    columns = {
        "tier": tier,
        "task_type": "all",
        "actor": "ada",
        "why": "worse",
        "until": dt.datetime(2100, 1, 1, tzinfo=dt.UTC),
    }
    added = connection.execute(insert(DrainRow).values(columns | changes).returning(DrainRow.id))
    return int(added.scalar_one())


def put_rollout(connection: Connection, version: int, **changes: Any) -> int:
    """Roll a stored version out to a fifth of the sessions; returns its proposal, of standard."""
    connection.execute(update(ActivePolicyRow).values(candidate_version=version, share=0.2))
    columns = {"tier": "standard", "state": "rolling_out", "candidate_version": version}
    return add_proposal(connection, **(columns | changes))


def add_alert(connection: Connection, **changes: Any) -> int:
    """An open misroute alert; ``evidence`` gives keys in place of the usual ones."""
    kind = changes.get("kind", "misroute")
    columns = {
        "kind": kind,
        "cause": f"misroute:{uuid.uuid4()}",
        "tier": "simple",
        "segment": "simple/all",
        "state": "open",
        "summary": "Answers of tier simple are worse.",
        "pairs": 40,
        "opened_at_request": 900,
        "delivered": [],
    }
    evidence = stored.ALERTS[kind]() | changes.pop("evidence", {})
    added = connection.execute(
        insert(AlertRow).values(columns | changes | {"evidence": evidence}).returning(AlertRow.id)
    )
    return int(added.scalar_one())


def add_proposal(connection: Connection, **changes: Any) -> int:
    """An open, certified proposal to raise the threshold of ``simple`` from 0.70 to 0.80.

    ``evidence`` gives keys in place of the usual ones of its kind.
    """
    given = changes.pop("evidence", {})
    usual = stored.threshold()
    if changes.get("kind") == "model":
        usual = stored.model()
    elif changes.get("kind") == "replacement":
        usual = stored.replacement()
        changes = {"to_threshold": 0.7, "direction": "keep"} | changes
    elif "objective" in given:
        usual = stored.objective()
        given = given | {"objective": stored.together(**given["objective"])}
    columns = {
        "tier": "simple",
        "task_type": "all",
        "from_threshold": 0.7,
        "to_threshold": 0.8,
        "direction": "raise",
        "certified": True,
        "state": "open",
        "base_version": 1,
        "pairs": 400,
        "predicted": stored.predicted(),
        "expires_at": NOW + dt.timedelta(days=3650),
    }
    added = connection.execute(
        insert(ProposalRow)
        .values(columns | changes | {"evidence": usual | given})
        .returning(ProposalRow.id)
    )
    return int(added.scalar_one())


def add_audit_line(connection: Connection, subject: str, **detail: Any) -> None:
    """A line of the audit."""
    connection.execute(
        insert(AuditRow).values(actor="ada", action="thing.done", subject=subject, detail=detail)
    )

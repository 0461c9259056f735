"""Judge: have a pair compared, blind, and reduce the verdict to an outcome. Claim, call, record."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, Engine

from tierwatch.dispatch import Dispatch
from tierwatch.errors import ProviderError
from tierwatch.evaluation.sampling.outcome import outcome_of
from tierwatch.judges import Judge
from tierwatch.judges.verdict import OrderVerdict, Question, Verdict
from tierwatch.loop.capture.redact import storable
from tierwatch.loop.compare.listening import NOBODY, Call, Evaluated, Listener
from tierwatch.loop.compare.retry import after_failed_try, worn_out
from tierwatch.loop.compare.scores import ScorePlace, queue_scores
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.costs import add_lost_cost
from tierwatch.store.direct_pairs import original_of
from tierwatch.store.judgements.outcomes import add_outcome, add_verdict
from tierwatch.store.traffic.exchanges import Exchange, StoredPair, load_pair
from tierwatch.store.traffic.work import add_failure, claim, end_exchange

STEP: Final = "judge"


def judge_exchange(
    exchange_id: uuid.UUID,
    *,
    engine: Engine,
    judge: Judge,
    dispatch: Dispatch,
    hold_s: float,
    places: Sequence[ScorePlace] = (),
    listener: Listener = NOBODY,
) -> None:
    """Get the verdict on an exchange's pair, once.

    Args:
        exchange_id: a shadowed exchange; an unknown, finished or held one is left alone.
        engine: Postgres.
        judge: compares.
        dispatch: tells workers when to try again.
        hold_s: seconds the claim keeps other workers away.
        places: where scores go back to.
        listener: is told of the verdict.
    """
    with engine.begin() as connection:
        tries = claim(connection, exchange_id, STEP, hold_s=hold_s)
        pair = None if tries is None else load_pair(connection, exchange_id)
        is_twin = pair is not None and pair.exchange.direction == "top"
        served_id = original_of(connection, exchange_id) if is_twin else exchange_id
    if tries is None or pair is None:
        return
    if worn_out(tries) or pair.request is None or pair.answer is None or pair.alternative is None:
        why = "text expired" if pair.shadowed else "nothing to compare: the shadow never ran"
        if worn_out(tries):
            why = "its workers died, time and again"
        with engine.begin() as connection:
            add_failure(connection, exchange_id, step=STEP, reason=why)
        return
    of, began_at = Evaluated(pair, served_id), time.time()
    try:
        verdict = judge.judge(Question.from_request(pair.request), pair.answer, pair.alternative)
    except ProviderError as problem:
        failed = Call(judge.version, "", began_at, time.time(), error=problem.kind)
        listener.judged(of, failed, None)
        wait_s = after_failed_try(
            engine, exchange_id, STEP, model=judge.version, problem=problem, tries=tries
        )
        if wait_s is not None:
            dispatch.judge_exchange(exchange_id, wait_s=wait_s)
        return
    call = Call(verdict.judge_version, "", began_at, time.time(), verdict.cost_usd)
    with engine.begin() as connection:
        added = record_verdict(connection, pair, verdict)
        if added:
            queue_scores(connection, pair, verdict, places)
        else:  # another worker was faster, and this verdict was paid for as well
            add_lost_cost(connection, "judge", verdict.cost_usd)
    if added:
        listener.judged(of, call, verdict)


def record_verdict(connection: Connection, pair: StoredPair, verdict: Verdict) -> bool:
    """Store a verdict with its outcome and end the exchange; False when it had one already."""
    exchange = pair.exchange
    added = add_verdict(
        connection,
        exchange.id,
        judge_version=verdict.judge_version,
        preferred=verdict.preferred,
        basis=verdict.basis,
        reason=storable(verdict.reason),
        unscored_why=storable(verdict.unscored_why),
        orders=[storable(_order(order)) for order in verdict.orders],
        cost_usd=verdict.cost_usd,
        calls=verdict.calls,
        latency_ms=verdict.latency_ms,
        asked=asked_rows(verdict),
    )
    end_exchange(connection, exchange.id)
    if not added or verdict.preferred is None or exchange.direction == "top":
        # A twin's verdict is of no boundary: no monitor sees it, and who wants it asks for it.
        return added
    outcome = outcome_of(
        verdict.preferred,
        direction=exchange.direction,
        served_tier=exchange.tier,
        alternative_tier=exchange.alternative_tier,
    )
    add_outcome(
        connection,
        exchange_id=exchange.id,
        judge_version=verdict.judge_version,
        session=exchange.session,
        request_no=exchange.request_no,
        tier=exchange.tier,
        task_type=exchange.task_type,
        boundary=outcome.boundary,
        direction=exchange.direction,
        stream=stream_name(exchange, verdict.judge_version),
        policy_version=exchange.policy_version,
        confidence=exchange.confidences.get(outcome.boundary, exchange.confidence),
        pi=exchange.pi,
        weight=exchange.rate / exchange.pi,
        density=exchange.density,
        tier_density=exchange.tier_density,
        loss=outcome.loss,
        basis=verdict.basis,
    )
    return True


def stream_name(exchange: Exchange, judge_version: str) -> str:
    """The stream an outcome feeds: its segment under one policy, model and judge.

    A change of any of these makes another population; its monitor starts anew. Answers of the
    response cache are one population whatever model once gave them: what is watched is whether
    they fit.
    """
    model = CACHE_TIER if exchange.tier == CACHE_TIER else exchange.model
    return "|".join(
        (
            exchange.tier,
            exchange.task_type,
            f"p{exchange.policy_version}",
            model,
            judge_version,
        )
    )


def asked_rows(verdict: Verdict) -> list[dict[str, str | float | None]]:
    """What each of several judges made of a pair, as it is stored; none where there is one."""
    return [storable(asdict(one)) for one in verdict.asked]


def _order(order: OrderVerdict) -> dict[str, str | dict[str, int] | None]:
    found: dict[str, str | dict[str, int] | None] = {
        "order": order.order,
        "preferred": order.preferred,
        "reason": order.reason,
        "raw": order.raw,
        "cut": dict(order.cut),
    }
    # Most verdicts are of one judge without notes, and their rows as they always were.
    if order.notes:
        found["notes"] = order.notes
    if order.judge:
        found["judge"] = order.judge
    return found

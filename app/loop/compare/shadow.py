"""Shadow: answer a captured exchange again on its alternative tier. Claim, call, record.

Asked is what was asked, on the wire it came on (`asked_again`): thinking, effort, cache marks,
tools and parameters are fitted to the alternative as they were to the model that served. What it
wanted to call is kept and compared.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, Engine

from tierwatch.dispatch import Dispatch
from tierwatch.errors import ProviderError
from tierwatch.faults import FAULTS
from tierwatch.loop.capture.redact import Redactor, marking, redact_json, storable
from tierwatch.loop.capture.redaction.documents import redacted_document
from tierwatch.loop.capture.redaction.marks import keyed_marks
from tierwatch.loop.capture.redaction.media import Apart
from tierwatch.loop.capture.redaction.sealing import Sealer, SealError
from tierwatch.loop.compare.asked_again import MEDIA_GONE, Completes, answer_of, with_media
from tierwatch.loop.compare.listening import NOBODY, Call, Evaluated, Listener
from tierwatch.loop.compare.retry import after_failed_try, worn_out
from tierwatch.providers.completion import Completion
from tierwatch.routing.served.tier_model import TierModel, served_tiers
from tierwatch.routing.tiers import Deployment, Tier
from tierwatch.store.costs import add_lost_cost
from tierwatch.store.direct_pairs import original_of
from tierwatch.store.policies import tier_models
from tierwatch.store.traffic.exchanges import StoredPair, add_alternative, load_pair
from tierwatch.store.traffic.media import MediaColumns, drop_mark_key, mark_key, media_of
from tierwatch.store.traffic.stored_request import StoredRequest
from tierwatch.store.traffic.work import add_attempt, add_failure, claim, give_back

STEP: Final = "shadow"
# A key that a worker lacks is set by a person, and until then nothing is lost but time: media have
# an end of their own.
_KEY_WAIT_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class _Claimed:
    """An exchange that is this worker's for a while; ``tries`` counts this time too."""

    pair: StoredPair
    served_id: uuid.UUID
    tries: int
    models: Mapping[str, TierModel]
    media: tuple[MediaColumns, ...] = ()
    mark_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """What is asked of which deployment; after the last one, the next try begins anew."""

    tier: Tier
    place: Deployment
    asked: StoredRequest
    is_last: bool


def shadow_exchange(
    exchange_id: uuid.UUID,
    *,
    engine: Engine,
    client: Completes,
    tiers: Mapping[str, Tier],
    dispatch: Dispatch,
    redact: Redactor,
    hold_s: float,
    sealer: Sealer | None = None,
    listener: Listener = NOBODY,
) -> None:
    """Get the shadow answer of an exchange, once, and ask for its verdict.

    Args:
        exchange_id: a captured exchange; an unknown, finished or held one is left alone.
        engine: Postgres.
        client: calls providers.
        tiers: of the file, by name; who serves them is as the exchange's policy says.
        dispatch: tells workers what comes next.
        redact: the shadow answer passes it like everything that is stored.
        hold_s: seconds the claim keeps other workers away.
        sealer: opens images, audio and files of the question.
        listener: is told of the call.
    """
    claimed = _claim(exchange_id, engine=engine, hold_s=hold_s)
    if claimed is None:
        return
    if claimed.pair.shadowed:
        dispatch.judge_exchange(exchange_id)
        return
    try:
        call = _call(claimed, tiers, sealer)
    except SealError as problem:
        # Of this worker's settings and not of the exchange: whoever has the key goes on with it.
        FAULTS.note("shadow: open media", problem)
        with engine.begin() as connection:
            give_back(connection, exchange_id, STEP, wait_s=_KEY_WAIT_S, tried=False)
        return
    if isinstance(call, str):
        with engine.begin() as connection:
            add_failure(connection, exchange_id, step=STEP, reason=call)
        return
    of, began_at = Evaluated(claimed.pair, claimed.served_id), time.time()
    asked = replace(call.asked, headers=listener.headers(of, call.asked.headers))
    try:
        answer = answer_of(client, call.tier, call.place, asked)
    except ProviderError as problem:
        problem.spent_usd = call.place.price.cost_usd(*problem.billed)
        listener.shadowed(of, _heard(call, began_at, problem.spent_usd, problem.kind), None)
        wait_s = after_failed_try(
            engine,
            exchange_id,
            STEP,
            model=call.tier.model,
            problem=problem,
            tries=claimed.tries,
            elsewhere=not call.is_last,
        )
        if wait_s is not None:
            dispatch.shadow_exchange(exchange_id, wait_s=wait_s)
        return
    heard = _heard(call, began_at, _cost_usd(call, answer))
    with engine.begin() as connection:
        added = _record(connection, claimed, call, answer, redact)
    if added:
        listener.shadowed(of, heard, answer)
    dispatch.judge_exchange(exchange_id)


def _claim(exchange_id: uuid.UUID, *, engine: Engine, hold_s: float) -> _Claimed | None:
    with engine.begin() as connection:
        tries = claim(connection, exchange_id, STEP, hold_s=hold_s)
        pair = None if tries is None else load_pair(connection, exchange_id)
        if tries is None or pair is None:
            return None
        served_id = original_of(connection, exchange_id)
        return _Claimed(
            pair,
            served_id,
            tries,
            tier_models(connection, pair.exchange.policy_version),
            tuple(media_of(connection, served_id)),
            mark_key(connection, exchange_id),
        )


def _call(claimed: _Claimed, tiers: Mapping[str, Tier], sealer: Sealer | None) -> _Call | str:
    """What to ask of whom, or why nothing can be asked any more.

    Each try asks the next deployment, and another one is asked without a pause. The gateway's
    breakers are not known here; a failing deployment costs a try, which nobody waits for.

    Raises:
        SealError: the media of the question are sealed under a key that is not known here.
    """
    tier = tiers.get(claimed.pair.exchange.alternative_tier)
    if tier is None:
        return "the alternative tier left the configuration"
    (tier,) = served_tiers([tier], claimed.models)
    asked = claimed.pair.asked
    if asked is None:
        return "text expired"
    if worn_out(claimed.tries):
        return "its workers died, time and again"
    whole = with_media(asked, claimed.media, sealer)
    if whole is None:
        return MEDIA_GONE
    deployments = tier.served_at()
    place = deployments[(claimed.tries - 1) % len(deployments)]
    return _Call(
        tier=tier,
        place=place,
        asked=whole,
        is_last=claimed.tries % len(deployments) == 0,
    )


def _record(
    connection: Connection,
    claimed: _Claimed,
    call: _Call,
    answer: Completion,
    redact: Redactor,
) -> bool:
    """Store the answer with what it cost, and that it was asked for; False when one was there.

    Its marks are those of the served answer: the same for the same values. Then their key goes.
    """
    exchange_id = claimed.pair.exchange.id
    message = _redacted(answer.message, redact, claimed.mark_key)
    cost_usd = _cost_usd(call, answer)
    added = add_alternative(
        connection,
        exchange_id,
        message=storable(message),
        tier=call.tier.name,
        model=answer.model or call.tier.model,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        cached_tokens=answer.cached_tokens,
        cache_write_tokens=answer.cache_write_tokens,
        cost_usd=cost_usd,
        latency_ms=answer.latency_ms,
        fitted=[*answer.fitted],
    )
    add_attempt(
        connection,
        exchange_id=exchange_id,
        step=STEP,
        model=call.tier.model,
        error="",
        detail="",
        latency_ms=answer.latency_ms,
    )
    drop_mark_key(connection, exchange_id)
    if not added:  # another worker was faster, and this answer was paid for as well
        add_lost_cost(connection, "shadow", cost_usd)
    return added


def _cost_usd(call: _Call, answer: Completion) -> float:
    return call.place.price.cost_usd(
        answer.prompt_tokens,
        answer.completion_tokens,
        answer.cached_tokens,
        answer.cache_write_tokens,
    )


def _heard(call: _Call, began_at: float, cost_usd: float, error: str = "") -> Call:
    """The call as a listener is told of it, at its end."""
    return Call(call.place.model, call.place.provider, began_at, time.time(), cost_usd, error)


def _redacted(message: dict[str, object], redact: Redactor, key: bytes | None) -> dict[str, object]:
    if key is None:  # of an older version's exchange: its marks are plain
        return redact_json(message, redact)
    return redacted_document(message, marking(redact, keyed_marks(key)), Apart(key).take)

"""Try: ask candidates what their tiers have answered, and have both answers compared, blind.

Claim, call, record, as a shadow: no transaction spans a call, and a worker that dies leaves its
pairs to the next.
"""

import datetime as dt
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from tierwatch.errors import ProviderError
from tierwatch.judges import Judge
from tierwatch.judges.verdict import Answer, Question
from tierwatch.loop.capture.redact import Redactor, redact_json, storable
from tierwatch.loop.capture.redaction.sealing import Sealer, SealError
from tierwatch.loop.compare.asked_again import MEDIA_GONE, Completes, answer_of, with_media
from tierwatch.loop.compare.retry import MAX_TRIES, asks_too_long, wait_before
from tierwatch.loop.improve.replace.conclude import conclude_trial
from tierwatch.routing.tiers import Tier
from tierwatch.store.costs import is_spent
from tierwatch.store.traffic.exchanges import load_pair
from tierwatch.store.traffic.media import media_of
from tierwatch.store.traffic.stored_request import StoredRequest
from tierwatch.store.trials.model_trials import ModelTrial, running_trials
from tierwatch.store.trials.trial_pairs import (
    ClaimedPair,
    Result,
    claim_pairs,
    draw_pairs,
    give_back_pair,
    put_answer,
    put_result,
    trial_progress,
)

# Calls at a time, of one worker: a trial has hours, and shadows and judge want their share.
_THREADS: Final = 8
# Claimed at once. The budget is looked at between batches, so a trial may exceed it by so many.
_BATCH: Final = 32
# A worker's turn ends after so long, and the next tick goes on.
_TURN_S: Final = 60.0
# Older traffic is other traffic. Its texts may be gone as well.
_NOT_OLDER: Final = dt.timedelta(days=14)
_KEY_WAIT_S: Final = 3_600.0
_SAID: Final[Mapping[str, Result]] = {
    "served": "worse",
    "alternative": "better",
    "tie": "tie",
    "inconclusive": "inconclusive",
}


@dataclass(frozen=True, slots=True)
class Means:
    """What a trial works with.

    Attributes:
        engine: Postgres.
        client: calls providers.
        judge: compares.
        redact: a candidate's answer passes it before it is stored.
        sealer: opens images, audio and files of the question.
        tiers: of the file, by name.
        served: the same as the active policy has them served.
        budget_usd_per_day: of all evaluation; None without one.
        hold_s: seconds a claim keeps other workers away.
        stopping: whether this process was asked to end.
    """

    engine: Engine
    client: Completes
    judge: Judge
    redact: Redactor
    sealer: Sealer | None
    tiers: Mapping[str, Tier]
    served: Mapping[str, Tier]
    budget_usd_per_day: float | None
    hold_s: float
    stopping: Callable[[], bool] = lambda: False


def try_models(means: Means, *, now: Callable[[], dt.datetime]) -> int:
    """Go on with each trial that runs, for a minute at most; how many pairs got a result.

    A trial draws what it may, asks, and ends as soon as its pairs show enough (`conclude`).
    """
    with means.engine.connect() as connection:
        trials = running_trials(connection)
    return sum(_go_on(means, trial, now) for trial in trials if not means.stopping())


def _go_on(means: Means, trial: ModelTrial, now: Callable[[], dt.datetime]) -> int:
    began, ended = now(), 0
    while not means.stopping():
        # Before anything is asked: what is known may end it, and other workers try it too.
        if conclude_trial(means.engine, trial.id, served=means.served, judge=means.judge.version):
            break
        claimed = _claimed(means, trial, now())
        if not claimed:
            break
        with ThreadPoolExecutor(_THREADS) as pool:
            ended += sum(pool.map(lambda pair: _try_pair(means, trial, pair), claimed))
        if (now() - began).total_seconds() > _TURN_S:
            break
    return ended


def _claimed(means: Means, trial: ModelTrial, now: dt.datetime) -> list[ClaimedPair]:
    """Pairs to work on; none where the money of the trial or of the day is used up."""
    with means.engine.begin() as connection:
        if is_spent(connection, means.budget_usd_per_day):
            return []
        done = trial_progress(connection, trial.id)
        if done.spent_usd >= trial.budget_usd:
            return []
        if done.drawn < trial.sample:
            draw_pairs(
                connection,
                trial.id,
                tier=trial.tier,
                served=trial.served,
                direction="down" if trial.tier == list(means.tiers)[-1] else "up",
                max_weight=trial.max_weight,
                since=now - _NOT_OLDER,
                limit=trial.sample - done.drawn,
            )
        return claim_pairs(connection, trial.id, limit=_BATCH, hold_s=means.hold_s)


def _try_pair(means: Means, trial: ModelTrial, claimed: ClaimedPair) -> bool:
    """Ask and judge one pair; whether it got its result."""
    if means.stopping():
        _give_back(means, trial, claimed, wait_s=0.0)
        return False
    with means.engine.connect() as connection:
        pair = load_pair(connection, claimed.exchange_id)
    if pair is None or pair.asked is None or pair.answer is None:
        return _end(means, trial, claimed, "left_out", detail="text expired")
    answer = claimed.answer
    try:
        if answer is None:
            answer = _asked(means, trial, claimed, pair.asked)
    except SealError:
        _give_back(means, trial, claimed, wait_s=_KEY_WAIT_S)
        return False
    except ProviderError as problem:
        return _unanswered(means, trial, claimed, problem)
    if answer is None:
        return _end(means, trial, claimed, "left_out", detail=MEDIA_GONE)
    return _judged(means, trial, claimed, pair.asked, (pair.answer, answer))


def _asked(
    means: Means, trial: ModelTrial, claimed: ClaimedPair, asked: StoredRequest
) -> Answer | None:
    """The candidate's answer, stored; None where the question is not whole any more.

    Raises:
        ProviderError: there was none.
        SealError: the question's media cannot be opened here.
    """
    with means.engine.connect() as connection:
        media = tuple(media_of(connection, claimed.exchange_id))
    whole = with_media(asked, media, means.sealer)
    if whole is None:
        return None
    tier = trial.candidate.put_in(means.tiers[trial.tier])
    places = tier.served_at()
    place = places[(claimed.tries - 1) % len(places)]
    try:
        done = answer_of(means.client, tier, place, whole)
    except ProviderError as problem:
        problem.spent_usd = place.price.cost_usd(*problem.billed)
        raise
    message: Answer = storable(redact_json(done.message, means.redact))
    with means.engine.begin() as connection:
        put_answer(
            connection,
            trial.id,
            claimed.exchange_id,
            answer=message,
            cost_usd=place.price.cost_usd(
                done.prompt_tokens,
                done.completion_tokens,
                done.cached_tokens,
                done.cache_write_tokens,
            ),
            latency_ms=done.latency_ms,
            fitted=[*done.fitted],
        )
    return message


def _unanswered(
    means: Means, trial: ModelTrial, claimed: ClaimedPair, problem: ProviderError
) -> bool:
    """Try again later, or count the request as one that the candidate cannot serve."""
    if problem.retryable and claimed.tries < MAX_TRIES and not asks_too_long(problem):
        wait_s = wait_before(claimed.tries, problem.retry_after_s, chance=random.SystemRandom())
        _give_back(means, trial, claimed, wait_s=wait_s, spent_usd=problem.spent_usd)
        return False
    detail = f"{problem.kind}: {problem}"
    return _end(means, trial, claimed, "unanswered", detail=detail, spent_usd=problem.spent_usd)


def _unjudged(
    means: Means, trial: ModelTrial, claimed: ClaimedPair, problem: ProviderError
) -> bool:
    if claimed.tries < MAX_TRIES:
        wait_s = wait_before(claimed.tries, problem.retry_after_s, chance=random.SystemRandom())
        _give_back(means, trial, claimed, wait_s=wait_s, spent_usd=problem.spent_usd)
        return False
    detail = f"the judge did not answer: {problem}"
    return _end(means, trial, claimed, "unscored", detail=detail, spent_usd=problem.spent_usd)


def _judged(
    means: Means,
    trial: ModelTrial,
    claimed: ClaimedPair,
    asked: StoredRequest,
    answers: tuple[Answer, Answer],
) -> bool:
    """Have the served answer and the candidate's compared; whether there was a word on them."""
    try:
        verdict = means.judge.judge(Question.from_request(asked.in_library_form), *answers)
    except ProviderError as problem:
        return _unjudged(means, trial, claimed, problem)
    said: Result = "unscored" if verdict.preferred is None else _SAID[verdict.preferred]
    with means.engine.begin() as connection:
        put_result(
            connection,
            trial.id,
            claimed.exchange_id,
            said,
            basis=verdict.basis,
            detail=str(storable(verdict.unscored_why or verdict.reason)),
            judge_usd=verdict.cost_usd,
        )
    return True


def _end(
    means: Means,
    trial: ModelTrial,
    claimed: ClaimedPair,
    result: Result,
    *,
    detail: str,
    spent_usd: float = 0.0,
) -> bool:
    with means.engine.begin() as connection:
        put_result(
            connection,
            trial.id,
            claimed.exchange_id,
            result,
            detail=str(storable(detail)),
            spent_usd=spent_usd,
        )
    return True


def _give_back(
    means: Means,
    trial: ModelTrial,
    claimed: ClaimedPair,
    *,
    wait_s: float,
    spent_usd: float = 0.0,
) -> None:
    with means.engine.begin() as connection:
        give_back_pair(
            connection, trial.id, claimed.exchange_id, wait_s=wait_s, spent_usd=spent_usd
        )

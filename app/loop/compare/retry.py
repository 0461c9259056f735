"""What happens after a call to a provider failed: wait and try again, or end with the reason."""

import random
import uuid
from typing import Literal

from sqlalchemy import Engine

from tierwatch.errors import ProviderError
from tierwatch.retry_after import LONGEST_WAIT_S
from tierwatch.store.costs import add_lost_cost
from tierwatch.store.traffic.work import add_attempt, add_failure, give_back

# Six tries with doubling waits span about two minutes: longer than a provider's usual rate-limit
# window, shorter than the patience of someone watching a queue.
MAX_TRIES = 6
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 120.0


# Claims of a step beyond its tries: each was a worker that died holding it. More than this is no
# accident, so the exchange ends rather than kill workers for ever.
_LOST_CLAIMS = 3


def worn_out(tries: int) -> bool:
    """Whether a step was claimed so often that it takes its workers down with it."""
    return tries > MAX_TRIES + _LOST_CLAIMS


def wait_before(tries: int, retry_after_s: float | None, *, chance: random.Random) -> float:
    """Seconds to wait after the ``tries``-th failed try.

    Doubling, with full jitter over the upper half so that a burst of failures does not come back
    as a burst; never sooner than the provider asked, up to an hour.

    >>> 2.0 <= wait_before(2, None, chance=random.Random(1)) <= 4.0
    True
    >>> wait_before(1, 30.0, chance=random.Random(1)) >= 30
    True
    """
    longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (tries - 1))
    wait_s = longest * (0.5 + chance.random() / 2)
    if retry_after_s is None:
        return wait_s
    return max(wait_s, min(retry_after_s, LONGEST_WAIT_S) + chance.random())


def asks_too_long(problem: ProviderError) -> bool:
    """Whether the provider wants to be left alone for longer than an answer is worth waiting for.

    A daily quota, a wrong clock: the prompt would be compared long after anybody asks for it, and
    its claim and message would be held until then.
    """
    return (problem.retry_after_s or 0.0) > LONGEST_WAIT_S


def after_failed_try(
    engine: Engine,
    exchange_id: uuid.UUID,
    step: Literal["shadow", "judge"],
    *,
    model: str,
    problem: ProviderError,
    tries: int,
    elsewhere: bool = False,
) -> float | None:
    """Record the failed call; end the exchange or hand its step back.

    Args:
        engine: Postgres.
        exchange_id: whose step it was.
        step: its name.
        model: the model that was asked.
        problem: why it gave no answer.
        tries: how often the step was claimed.
        elsewhere: whether the next try asks another deployment, which need not wait.

    Returns:
        Seconds after which the step may be tried again; None when it has ended.
    """
    too_long = asks_too_long(problem) and not elsewhere
    again = problem.retryable and tries < MAX_TRIES and not too_long
    wait_s = 0.0
    if not elsewhere:
        wait_s = wait_before(tries, problem.retry_after_s, chance=random.SystemRandom())
    with engine.begin() as connection:
        add_attempt(
            connection,
            exchange_id=exchange_id,
            step=step,
            model=model,
            error=problem.kind,
            detail=f"{problem} {problem.body}".strip()[:2000],
            latency_ms=0.0,
        )
        add_lost_cost(connection, step, problem.spent_usd)
        if again:
            give_back(connection, exchange_id, step, wait_s=wait_s)
        else:
            reason = _reason(problem, tries, too_long=too_long)
            add_failure(connection, exchange_id, step=step, reason=reason)
    return wait_s if again else None


def _reason(problem: ProviderError, tries: int, *, too_long: bool) -> str:
    why = f"{problem.kind}: {problem}"
    if too_long:
        asked_h = (problem.retry_after_s or 0.0) / 3600
        return f"{why} (asks to be left alone for {asked_h:.1f} hours; 1 hour is waited at most)"
    return f"{why} ({tries} tries)" if problem.retryable else why

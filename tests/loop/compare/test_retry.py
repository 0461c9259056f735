"""Waits double, never fall below what the provider asked, and end."""

import random

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tierwatch.errors import ProviderError
from tierwatch.loop.compare.retry import MAX_TRIES, after_failed_try, wait_before, worn_out
from tierwatch.store.traffic.work import claim


@pytest.mark.parametrize(
    ("tries", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 64), (7, 120), (60, 120)]
)
def test_waits_double_up_to_two_minutes_with_jitter_over_the_upper_half(
    tries: int, longest: float
) -> None:
    waits = [wait_before(tries, None, chance=random.Random(seed)) for seed in range(200)]
    assert min(waits) >= longest / 2
    assert max(waits) <= longest
    assert max(waits) - min(waits) > longest / 3  # a burst is spread


@given(st.integers(1, 30), st.floats(0, 3600), st.integers())
def test_a_wait_is_never_shorter_than_the_provider_asked(
    tries: int, asked_s: float, seed: int
) -> None:
    assert wait_before(tries, asked_s, chance=random.Random(seed)) >= asked_s


@given(st.integers(1, 30), st.floats(3600, 2_592_000))
def test_nobody_waits_for_more_than_an_hour(tries: int, asked_s: float) -> None:
    assert 3600 <= wait_before(tries, asked_s, chance=random.Random(1)) <= 3601


def test_a_short_ask_does_not_shorten_the_wait() -> None:
    assert wait_before(4, 0.1, chance=random.Random(1)) >= 8


def test_a_step_is_worn_out_after_its_tries_and_three_lost_claims() -> None:
    assert MAX_TRIES == 6
    assert [tries for tries in range(1, 13) if worn_out(tries)] == [10, 11, 12]


def failed_try(
    engine: Engine, problem: ProviderError, tries: int, *, elsewhere: bool = False
) -> float | None:
    """A first exchange's shadow step that was claimed so often, and failed."""
    with engine.begin() as connection:
        exchange_id = connection.execute(text("select id from exchanges")).scalar_one_or_none()
        if exchange_id is None:
            exchange_id = put.add_exchange(connection, 1)
        claim(connection, exchange_id, "shadow", hold_s=600)
    return after_failed_try(
        engine,
        exchange_id,
        "shadow",
        model="medium-1",
        problem=problem,
        tries=tries,
        elsewhere=elsewhere,
    )


def claimable(engine: Engine) -> bool:
    """Whether the step may be claimed now."""
    return bool(scalar(engine, "select until <= now() from claims"))


def test_a_failed_try_is_recorded_and_its_step_handed_back_for_later(engine: Engine) -> None:
    problem = ProviderError("no answer", kind="timeout", body="x" * 3_000)
    wait_s = failed_try(engine, problem, 1)
    assert wait_s is not None
    assert 1 <= wait_s <= 2
    attempt = rows(engine, "select step, model, error, detail from attempts")[0]
    assert (attempt.step, attempt.model, attempt.error) == ("shadow", "medium-1", "timeout")
    assert attempt.detail.startswith("no answer xxx")
    assert len(attempt.detail) == 2_000
    # Until the wait is over nobody may take it, and then anybody.
    assert scalar(engine, "select until > now() and until < now() + interval '3 s' from claims")
    assert scalar(engine, "select count(*) from failures") == 0


def test_another_deployment_is_asked_at_once(engine: Engine) -> None:
    problem = ProviderError("busy", kind="rate_limited", retry_after_s=60.0)
    assert failed_try(engine, problem, 1, elsewhere=True) == 0.0
    assert claimable(engine)


def test_a_provider_is_left_alone_as_long_as_it_asked(engine: Engine) -> None:
    problem = ProviderError("busy", kind="rate_limited", retry_after_s=60.0)
    wait_s = failed_try(engine, problem, 1)
    assert wait_s is not None
    assert 60 <= wait_s <= 61
    assert not claimable(engine)


@pytest.mark.parametrize(
    ("kind", "tries", "why"),
    [
        ("refused", 1, "refused: no answer"),
        ("timeout", MAX_TRIES, "timeout: no answer (6 tries)"),
        ("server", MAX_TRIES + 1, "server: no answer (7 tries)"),
    ],
)
def test_the_last_try_ends_the_exchange_and_says_why(
    engine: Engine, kind: str, tries: int, why: str
) -> None:
    assert failed_try(engine, ProviderError("no answer", kind=kind), tries) is None
    assert tuple(rows(engine, "select step, reason from failures")[0]) == ("shadow", why)
    assert scalar(engine, "select ended_at is not null from exchanges")


def test_a_provider_that_asks_for_more_than_an_hour_ends_the_exchange(engine: Engine) -> None:
    problem = ProviderError("quota used up", kind="rate_limited", retry_after_s=18_000.0)
    assert failed_try(engine, problem, 1) is None
    why = (
        "rate_limited: quota used up (asks to be left alone for 5.0 hours; 1 hour is waited at"
        " most)"
    )
    assert tuple(rows(engine, "select step, reason from failures")[0]) == ("shadow", why)
    assert scalar(engine, "select ended_at is not null from exchanges")
    assert scalar(engine, "select count(*) from attempts") == 1


def test_an_hour_is_waited_and_another_deployment_is_asked_whatever_the_first_wants(
    engine: Engine,
) -> None:
    hour = ProviderError("busy", kind="rate_limited", retry_after_s=3_600.0)
    wait_s = failed_try(engine, hour, 1)
    assert wait_s is not None
    assert 3_600 <= wait_s <= 3_601
    month = ProviderError("busy", kind="rate_limited", retry_after_s=2_592_000.0)
    assert failed_try(engine, month, 1, elsewhere=True) == 0.0
    assert claimable(engine)


@pytest.mark.parametrize("kind", ["timeout", "connection", "rate_limited", "server", "cut"])
def test_until_then_what_may_succeed_later_goes_on(engine: Engine, kind: str) -> None:
    assert failed_try(engine, ProviderError("no", kind=kind), MAX_TRIES - 1) is not None
    assert scalar(engine, "select ended_at is null from exchanges")


def test_what_a_useless_answer_cost_is_counted_whatever_follows(engine: Engine) -> None:
    for tries in (1, MAX_TRIES):
        problem = ProviderError("nonsense", kind="unreadable")
        problem.spent_usd = 0.25
        failed_try(engine, problem, tries)
    found = rows(engine, "select kind, cost_usd from lost_costs")
    assert [tuple(row) for row in found] == [("shadow", 0.25)] * 2

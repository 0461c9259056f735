"""One worker at a time, each try counted, every exchange ended once."""

import datetime as dt
import uuid

import factories.rows as put
import pytest
from sqlalchemy import Connection, Engine, text

from tierwatch.store.traffic.work import (
    add_attempt,
    add_failure,
    claim,
    end_exchange,
    give_back,
    left_lying,
    release_absurd_claims,
)

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_a_step_is_claimed_by_one(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    assert claim(connection, exchange_id, "shadow", hold_s=60) == 1
    assert claim(connection, exchange_id, "shadow", hold_s=60) is None
    assert claim(connection, exchange_id, "judge", hold_s=60) == 1


def test_a_claim_that_ran_out_is_another_try(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    for tries in (1, 2, 3):
        assert claim(connection, exchange_id, "shadow", hold_s=-1) == tries


def test_what_is_given_back_may_be_taken_after_the_wait(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    claim(connection, exchange_id, "shadow", hold_s=60)
    give_back(connection, exchange_id, "judge", wait_s=0)  # another step's claim
    assert claim(connection, exchange_id, "shadow", hold_s=60) is None
    give_back(connection, exchange_id, "shadow", wait_s=30)
    assert claim(connection, exchange_id, "shadow", hold_s=60) is None
    give_back(connection, exchange_id, "shadow", wait_s=0)
    assert claim(connection, exchange_id, "shadow", hold_s=60) == 2


def test_a_claim_that_could_not_begin_is_no_try(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    for _ in range(3):
        assert claim(connection, exchange_id, "shadow", hold_s=60) == 1
        give_back(connection, exchange_id, "shadow", wait_s=0, tried=False)
    assert claim(connection, exchange_id, "shadow", hold_s=60) == 1


def test_what_is_unknown_or_ended_is_never_claimed(connection: Connection) -> None:
    assert claim(connection, uuid.uuid4(), "shadow", hold_s=60) is None
    exchange_id = put.add_exchange(connection, 1)
    end_exchange(connection, exchange_id)
    assert claim(connection, exchange_id, "shadow", hold_s=60) is None


def test_a_row_that_another_transaction_holds_is_passed_by(engine: Engine) -> None:
    with engine.begin() as connection:
        exchange_id = put.add_exchange(connection, 1)
    with engine.begin() as first, engine.begin() as second:
        assert claim(first, exchange_id, "shadow", hold_s=60) == 1
        assert claim(second, exchange_id, "shadow", hold_s=60) is None


def test_an_exchange_ends_once(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1, ended_at=LONG_AGO)
    end_exchange(connection, exchange_id)
    assert connection.execute(text("select ended_at from exchanges")).scalar_one() == LONG_AGO


def test_a_failure_ends_its_exchange_and_keeps_the_first_reason(connection: Connection) -> None:
    exchange_id = put.add_exchange(connection, 1)
    add_failure(connection, exchange_id, step="shadow", reason="first " + "x" * 3000)
    add_failure(connection, exchange_id, step="judge", reason="second")
    row = connection.execute(text("select step, reason from failures")).one()
    assert row.step == "shadow"
    assert row.reason.startswith("first ")
    assert len(row.reason) == 2000
    ended = connection.execute(text("select ended_at is not null from exchanges")).scalar_one()
    assert ended


def test_every_call_is_a_row_of_its_own(connection: Connection) -> None:
    exchange_id = uuid.uuid4()
    for error in ("timeout", "", "timeout"):
        add_attempt(
            connection,
            exchange_id=exchange_id,
            step="shadow",
            model="m",
            error=error,
            detail="",
            latency_ms=1.0,
        )
    found = connection.execute(text("select error from attempts order by id")).scalars().all()
    assert found == ["timeout", "", "timeout"]


def test_nothing_is_left_lying_of_nothing(connection: Connection) -> None:
    assert left_lying(connection, older_than_s=0, limit=10) == []


def test_what_lies_says_for_which_step_it_waits(connection: Connection) -> None:
    fresh = put.add_exchange(connection, 1)
    old = put.add_exchange(connection, 2, captured_at=LONG_AGO)
    older = put.add_exchange(connection, 3, captured_at=LONG_AGO - dt.timedelta(days=1))
    put.add_shadow(connection, older)
    put.add_exchange(connection, 4, captured_at=LONG_AGO, ended_at=LONG_AGO)
    found = left_lying(connection, older_than_s=60, limit=10)
    assert found == [(older, "judge"), (old, "shadow")]
    assert left_lying(connection, older_than_s=60, limit=1) == [(older, "judge")]
    assert fresh in [lying for lying, _ in left_lying(connection, older_than_s=-1, limit=10)]


@pytest.mark.parametrize(("hold_s", "lies"), [(60, False), (-1, True)], ids=["held", "expired"])
def test_what_somebody_holds_does_not_lie(
    connection: Connection, hold_s: float, *, lies: bool
) -> None:
    exchange_id = put.add_exchange(connection, 1)  # fresh: only its claim can make it lie
    claim(connection, exchange_id, "shadow", hold_s=hold_s)
    assert bool(left_lying(connection, older_than_s=60, limit=10)) == lies
    connection.execute(text("update exchanges set captured_at = '2026-01-01'"))
    assert bool(left_lying(connection, older_than_s=60, limit=10)) == lies


def test_only_absurd_claims_on_open_work_are_released(connection: Connection) -> None:
    near, far, ended = (put.add_exchange(connection, number) for number in (1, 2, 3))
    for exchange_id, hold_s in ((near, 3_600), (far, 10.0**12), (ended, 10.0**12)):
        assert claim(connection, exchange_id, "judge", hold_s=hold_s) == 1
    end_exchange(connection, ended)
    assert release_absurd_claims(connection, longest_s=7_200) == 1
    assert claim(connection, near, "judge", hold_s=1) is None
    assert claim(connection, far, "judge", hold_s=1) == 2
    assert release_absurd_claims(connection, longest_s=7_200) == 0

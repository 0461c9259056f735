"""The sweep sends again what lost its message, and nothing else."""

import uuid
from collections.abc import Callable

import factories.rows as put
import pytest
from sqlalchemy import Engine, text

from tierwatch.dispatch import JUDGE, SHADOW, KeptDispatch
from tierwatch.loop.capture.sweep import sweep
from tierwatch.store.traffic.work import claim, give_back


class Broker(KeptDispatch):
    """Has as much waiting as it was told."""

    def __init__(self, waiting: int | None) -> None:
        super().__init__()
        self.waiting = waiting

    def backlog(self) -> int | None:
        return self.waiting


def lying(engine: Engine, request_no: int, *, age_s: float = 600) -> uuid.UUID:
    """An exchange captured ``age_s`` seconds ago."""
    with engine.begin() as connection:
        exchange_id = put.add_exchange(connection, request_no)
        connection.execute(
            text(
                "update exchanges set captured_at = now() - make_interval(secs => :age)"
                " where id = :id"
            ),
            {"age": age_s, "id": exchange_id},
        )
    return exchange_id


def test_what_was_left_lying_is_sent_to_the_step_it_waits_for(engine: Engine) -> None:
    unshadowed = lying(engine, 1, age_s=700)
    unjudged = lying(engine, 2)
    with engine.begin() as connection:
        put.add_shadow(connection, unjudged)
    broker = Broker(0)
    assert sweep(engine=engine, dispatch=broker, older_than_s=60, hold_s=300) == 2
    assert broker.sent == [(SHADOW, unshadowed, 0), (JUDGE, unjudged, 0)]


def test_young_held_and_ended_work_is_left_alone(engine: Engine) -> None:
    lying(engine, 1, age_s=10)
    held, ended = lying(engine, 2), lying(engine, 3)
    with engine.begin() as connection:
        assert claim(connection, held, "shadow", hold_s=300) == 1
        connection.execute(
            text("update exchanges set ended_at = now() where id = :id"), {"id": ended}
        )
    broker = Broker(0)
    assert sweep(engine=engine, dispatch=broker, older_than_s=60, hold_s=300) == 0
    assert broker.sent == []


def test_a_claim_that_ran_out_is_sent_again_however_young_the_work(engine: Engine) -> None:
    exchange_id = lying(engine, 1, age_s=0)
    with engine.begin() as connection:
        claim(connection, exchange_id, "shadow", hold_s=300)
    broker = Broker(0)
    assert sweep(engine=engine, dispatch=broker, older_than_s=60, hold_s=300) == 0
    with engine.begin() as connection:
        give_back(connection, exchange_id, "shadow", wait_s=0)
    assert sweep(engine=engine, dispatch=broker, older_than_s=60, hold_s=300) == 1
    assert broker.sent == [(SHADOW, exchange_id, 0)]


def test_a_claim_of_the_first_step_that_has_not_run_out_keeps_the_second_waiting(
    engine: Engine,
) -> None:
    exchange_id = lying(engine, 1)
    with engine.begin() as connection:
        claim(connection, exchange_id, "shadow", hold_s=300)
        put.add_shadow(connection, exchange_id)
    assert sweep(engine=engine, dispatch=Broker(0), older_than_s=60, hold_s=300) == 0
    with engine.begin() as connection:
        give_back(connection, exchange_id, "shadow", wait_s=0)
    broker = Broker(0)
    assert sweep(engine=engine, dispatch=broker, older_than_s=60, hold_s=300) == 1
    assert broker.sent == [(JUDGE, exchange_id, 0)]


def test_a_busy_or_absent_broker_is_not_sent_more(engine: Engine) -> None:
    lying(engine, 1)
    for waiting, sent in ((None, 0), (501, 0), (500, 1)):
        assert sweep(engine=engine, dispatch=Broker(waiting), older_than_s=60, hold_s=300) == sent


def test_messages_that_could_not_be_sent_are_not_counted(engine: Engine) -> None:
    class Away(Broker):
        def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
            return False

    lying(engine, 1)
    assert sweep(engine=engine, dispatch=Away(0), older_than_s=60, hold_s=300) == 0


def test_an_empty_database_sends_nothing(
    engine: Engine, captured: Callable[..., uuid.UUID]
) -> None:
    assert sweep(engine=engine, dispatch=Broker(0), older_than_s=0, hold_s=300) == 0
    captured()
    assert sweep(engine=engine, dispatch=Broker(0), older_than_s=0, hold_s=300) == 1


# Seconds until the year 33000, as a worker would have set it that believed `10 ** 12`.
FAR_AWAY_S = 9.8e11


@pytest.mark.parametrize("until_s", [7_210.0, 86_400.0 * 365, FAR_AWAY_S])
def test_a_claim_that_would_hold_for_years_is_ended_and_its_work_sent_at_once(
    engine: Engine, until_s: float
) -> None:
    exchange_id = lying(engine, 1)
    with engine.begin() as connection:
        claim(connection, exchange_id, "shadow", hold_s=300)
        give_back(connection, exchange_id, "shadow", wait_s=until_s)
    broker = Broker(0)
    assert sweep(engine=engine, dispatch=broker, older_than_s=60, hold_s=300) == 1
    assert broker.sent == [(SHADOW, exchange_id, 0)]
    with engine.begin() as connection:
        assert claim(connection, exchange_id, "shadow", hold_s=300) == 2


@pytest.mark.parametrize(("until_s", "hold_s"), [(3_601.0, 300.0), (7_190.0, 1.0), (9_000.0, 5e3)])
def test_a_claim_that_a_worker_may_hold_stays(
    engine: Engine, until_s: float, hold_s: float
) -> None:
    exchange_id = lying(engine, 1)
    with engine.begin() as connection:
        claim(connection, exchange_id, "shadow", hold_s=until_s)
    assert sweep(engine=engine, dispatch=Broker(0), older_than_s=60, hold_s=hold_s) == 0
    with engine.begin() as connection:
        assert claim(connection, exchange_id, "shadow", hold_s=300) is None


def test_absurd_claims_end_while_the_broker_is_away_too(engine: Engine) -> None:
    exchange_id = lying(engine, 1)
    with engine.begin() as connection:
        claim(connection, exchange_id, "shadow", hold_s=300)
        give_back(connection, exchange_id, "shadow", wait_s=FAR_AWAY_S)
    assert sweep(engine=engine, dispatch=Broker(None), older_than_s=60, hold_s=300) == 0
    with engine.begin() as connection:
        assert claim(connection, exchange_id, "shadow", hold_s=300) == 2

"""A lock is one transaction's until it ends, however it ends."""

from sqlalchemy import Engine

from tierwatch.store.locks import try_lock

KEY, OTHER = 9_900_001, 9_900_002


def test_a_lock_is_one_transactions(engine: Engine) -> None:
    with engine.begin() as first, engine.begin() as second:
        assert try_lock(first, KEY)
        assert not try_lock(second, KEY)
        assert try_lock(second, OTHER)


def test_who_has_it_may_take_it_again(engine: Engine) -> None:
    with engine.begin() as connection:
        assert try_lock(connection, KEY)
        assert try_lock(connection, KEY)


def test_it_is_free_again_after_a_failure(engine: Engine) -> None:
    with engine.connect() as first, engine.begin() as second:
        with first.begin() as transaction:
            assert try_lock(first, KEY)
            transaction.rollback()
        assert try_lock(second, KEY)

"""A filled database is cut by month under three writers: nothing fails, nothing is lost."""

import datetime as dt
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

import tierwatch_migrations
from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.traffic.partitions import FIGURE_TABLES, parts

BEFORE, AFTER = "0011", "0012"
ROWS = 100_000
# A statement of a writer waits for the swap of a table, some tenths of a second on a busy machine.
LONGEST_S = 10.0

FILL = """
with moments as (
    select n, (extract(epoch from now() - n * interval '1 minute') * 1000)::bigint as ms
    from generate_series(1, {rows}) n
), ids as (
    select n, (lpad(to_hex(ms), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid as id
    from moments
), exchanged as (
    insert into exchanges (id, request_no, arrived_at, session, tier, model, provider, label,
        confidence, confidences, escalated, task_type, policy_version, reason, direction,
        alternative_tier, rate, pi, prompt_tokens, completion_tokens, cost_usd, latency_ms)
    select id, n, now(), 's' || n, 'simple', 'm', 'p', 'l', .9, '{{}}', false, 'all', 1, '', 'up',
        'standard', 1, 1, 1, 1, 1, 1 from ids
), judged as (
    insert into verdicts (exchange_id, judge_version, preferred, basis, reason, unscored_why,
        orders, cost_usd, calls, latency_ms)
    select id, 'j', 'tie', 'pairwise', '', '', '[]', 0, 2, 1 from ids
)
insert into outcomes (exchange_id, judge_version, session, request_no, tier, task_type, boundary,
    direction, stream, policy_version, confidence, pi, weight, loss, basis, position)
select id, 'j', 's' || n, n, 'simple', 'all', 'simple', 'up', 'simple', 1, .9, 1, 1, 0, 'pairwise',
    n from ids
"""


@pytest.fixture
def alembic(engine: Engine) -> Callable[..., None]:
    """Run one of Alembic's commands on the test's database."""

    def run(step: Callable[..., object], *arguments: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(tierwatch_migrations.__file__).parent))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            step(config, *arguments)
            connection.commit()

    return run


@pytest.fixture
def old(engine: Engine, alembic: Callable[..., None]) -> Engine:
    """The schema as it was before."""
    alembic(command.downgrade, BEFORE)
    return engine


def fill(engine: Engine, rows: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(FILL.format(rows=rows)))


def checksums(connection: Connection, where: str = "true") -> list[Any]:
    return [
        tuple(
            connection.execute(
                text(
                    f"select count(*), sum(hashtext(t::text)::bigint) from {table} t where {where}"  # noqa: S608 - names of tables
                )
            ).one()
        )
        for table in FIGURE_TABLES
    ]


@dataclass(slots=True)
class Writer:
    """Writes whole pairs one after another, and reads what it wrote."""

    engine: Engine
    session: str
    stop: threading.Event
    written: list[uuid.UUID] = field(default_factory=list)
    problems: list[BaseException] = field(default_factory=list)
    longest_s: float = 0.0

    def run(self) -> None:
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self.written.append(self.write())
            except DBAPIError as problem:
                self.problems.append(problem)
            self.longest_s = max(self.longest_s, time.monotonic() - began)

    def write(self) -> uuid.UUID:
        exchange_id = new_exchange_id(time.time())
        with self.engine.begin() as connection:
            put.add_exchange(connection, 1, id=exchange_id, session=self.session)
        with self.engine.begin() as connection:
            put.add_verdict(connection, exchange_id)
            put.add_outcome(connection, 1, 1.0, exchange_id=exchange_id, session=self.session)
            connection.execute(
                text("update exchanges set ended_at = now() where id = :id"), {"id": exchange_id}
            )
        with self.engine.begin() as connection:
            # Not by the store's own functions: they read columns of later versions.
            read = text("select 1 from exchanges where id = :id")
            assert connection.execute(read, {"id": exchange_id}).scalar_one() == 1
        return exchange_id


@pytest.fixture
def writers(old: Engine) -> Iterator[list[Writer]]:
    stop = threading.Event()
    made = [Writer(old, f"writer {number}", stop) for number in range(3)]
    threads = [threading.Thread(target=writer.run) for writer in made]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_cut_while_three_write(
    old: Engine,
    alembic: Callable[..., None],
    writers: list[Writer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(old, ROWS)
    stored = "request_no > 1 or session = 's1'"
    with old.connect() as connection:
        tables = dict(zip(FIGURE_TABLES, checksums(connection), strict=True))
        del tables["verdicts"]  # has no session to tell the writers' rows by
        before = [sums(connection, table, stored) for table in tables]
    began = time.monotonic()
    alembic(command.upgrade, AFTER)
    took_s = time.monotonic() - began
    time.sleep(1)  # and they write on
    for writer in writers:
        writer.stop.set()
    time.sleep(1)
    assert [writer.problems for writer in writers] == [[], [], []]
    longest_s = max(writer.longest_s for writer in writers)
    with capsys.disabled():
        sys.stdout.write(f" {ROWS:,} rows in {took_s:.1f} s, a writer waited {longest_s:.2f} s ")
    assert longest_s < LONGEST_S
    written = sorted(exchange for writer in writers for exchange in writer.written)
    assert len(written) > 30
    with old.connect() as connection:
        assert [sums(connection, table, stored) for table in tables] == before
        for table, key in (("exchanges", "id"), ("verdicts", "exchange_id")):
            found = connection.execute(
                text(f"select {key} from {table} where {key} = any(:ids) order by 1"),  # noqa: S608 - names of tables
                {"ids": written},
            )
            assert found.scalars().all() == written
            total = connection.execute(text(f"select count(*) from {table}")).scalar_one()  # noqa: S608 - names of tables
            assert total == ROWS + len(written)
        ids = connection.execute(text("select count(distinct id) from outcomes")).scalar_one()
        assert ids == ROWS + len(written)  # the sequence went on where it was


def sums(connection: Connection, table: str, where: str) -> Any:
    found = connection.execute(
        text(f"select count(*), sum(hashtext(t::text)::bigint) from {table} t where {where}")  # noqa: S608 - names of tables
    )
    return tuple(found.one())


def test_rows_stay_what_they_were_and_months_lie_ahead(
    old: Engine, alembic: Callable[..., None]
) -> None:
    fill(old, 500)
    with old.connect() as connection:
        before = checksums(connection)
    alembic(command.upgrade, AFTER)
    with old.connect() as connection:
        assert checksums(connection) == before
        for table in FIGURE_TABLES:
            first, *months = parts(connection, table)
            assert first.first
            assert len(months) == 2
            assert months[-1].end > dt.datetime.now(dt.UTC).date() + dt.timedelta(days=80)
    alembic(command.downgrade, BEFORE)
    with old.connect() as connection:
        assert checksums(connection) == before
    alembic(command.upgrade, AFTER)
    with old.connect() as connection:
        assert checksums(connection) == before


def test_an_upgrade_that_was_killed_between_any_two_statements_is_finished_by_the_next(
    old: Engine, alembic: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(old, 50)
    with old.connect() as connection:
        before = checksums(connection)
    kills = 0
    while True:
        left = [kills + 1]
        with monkeypatch.context() as patched:
            patched.setattr("psycopg.Cursor.execute", dying(left))
            try:
                alembic(command.upgrade, AFTER)
            except Killed:
                kills += 1
                continue
        break
    assert kills >= 4  # each run goes further, and does not begin again what is done
    with old.connect() as connection:
        assert checksums(connection) == before
        assert all(len(parts(connection, table)) == 3 for table in FIGURE_TABLES)
    alembic(command.upgrade, "head")
    alembic(command.check)


class Killed(BaseException):
    """As if the process had ended here."""


def dying(left: list[int]) -> Callable[..., Any]:
    """What runs statements of the migration until only so many are left."""
    import psycopg

    real = psycopg.Cursor.execute

    def execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(query, str) and query.startswith(("alter", "create", "lock", "drop")):
            left[0] -= 1
            if left[0] < 1:
                raise Killed
        return real(self, query, *arguments, **options)

    return execute


def test_a_half_built_index_is_built_again(old: Engine, alembic: Callable[..., None]) -> None:
    fill(old, 50)
    with (
        old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(IntegrityError, match="could not create unique index"),
    ):
        # Which leaves an index of this name that is not valid, as a killed build does.
        connection.execute(
            text("create unique index concurrently ix_outcomes_position on outcomes (tier)")
        )
    alembic(command.upgrade, AFTER)
    alembic(command.upgrade, "head")
    alembic(command.check)


def test_rows_of_a_wrong_clock_are_named_before_anything_is_changed(
    old: Engine, alembic: Callable[..., None]
) -> None:
    with old.begin() as connection:
        put.add_exchange(connection, 1, id=uuid.UUID(int=(1 << 128) - 1))
    with pytest.raises(
        RuntimeError, match=r"1 rows of exchanges are dated .* delete those with id"
    ):
        alembic(command.upgrade, AFTER)
    with old.begin() as connection:
        connection.execute(text("delete from exchanges"))
    alembic(command.upgrade, AFTER)


def test_whoever_might_use_a_table_may_use_it_still(
    old: Engine, alembic: Callable[..., None]
) -> None:
    reader = "pg_monitor"  # a role that every server has and that may read no table by itself
    with old.begin() as connection:
        connection.execute(text(f"grant select, insert on outcomes to {reader}"))
        connection.execute(text("grant select on exchanges to public"))
    alembic(command.upgrade, AFTER)
    with old.connect() as connection:
        for privilege in ("select", "insert"):
            assert has(connection, reader, "outcomes", privilege)
        assert not has(connection, reader, "outcomes", "delete")
        assert has(connection, reader, "exchanges", "select")
        assert not has(connection, reader, "verdicts", "select")


def has(connection: Connection, role: str, table: str, privilege: str) -> bool:
    asked = text("select has_table_privilege(:role, :table, :privilege)")
    given = {"role": role, "table": table, "privilege": privilege}
    return bool(connection.execute(asked, given).scalar_one())

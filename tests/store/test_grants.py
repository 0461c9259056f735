"""Two roles on a real server: what processes are owns nothing and cannot touch the audit."""

import datetime as dt
import os
import uuid
from collections.abc import Iterator

import factories.rows as put
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError

from tierwatch.command import main
from tierwatch.command.database import opened_database
from tierwatch.command.migrate import bring_up_to_date
from tierwatch.errors import DatabaseError, UsageError
from tierwatch.local import Stack, postgres
from tierwatch.loop.capture.retention import retention
from tierwatch.settings import Settings
from tierwatch.store.grants import audit_guard, grant_to
from tierwatch.store.people.sessions import begin_session
from tierwatch.store.people.users import add_user

TODAY = dt.datetime.now(dt.UTC).date()
# A month that the retention step makes.
MONTH = f"exchange_texts_y{TODAY:%Y}m{TODAY:%m}"
NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose superuser may log in: the embedded one lets only its one role in."""
    folder = tmp_path_factory.mktemp("two-roles")
    cluster = postgres.choose_cluster(folder, say=lambda _: None)
    postgres.make_cluster(cluster, password="p")
    (cluster.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    postgres._run_sql(cluster, cluster.data, "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'p'")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    with Stack(folder, say=lambda _: None, environ=clean) as stack:
        url = make_url(stack.start_postgres()).set(username="boss", password="p")
        admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with admin.connect() as boss:
            boss.execute(text("create role owner login createrole password 'p'"))
            boss.execute(text("create role plain login password 'p'"))
        yield url.render_as_string(hide_password=False)
        stack.discard()


@pytest.fixture
def settings(server: str) -> Settings:
    """An empty database of `owner`; processes are a role that is not there yet."""
    return _settings(server, f"app_{uuid.uuid4().hex[:8]}", "owner owner")


@pytest.fixture(scope="module")
def migrated(server: str) -> Settings:
    """A database that is migrated and granted; tests have copies of it."""
    made = _settings(server, "app", "owner owner")
    bring_up_to_date(made)
    return made


@pytest.fixture
def granted(server: str, migrated: Settings) -> Settings:
    """A copy of the migrated database."""
    source = make_url(migrated.database_url).database
    return _settings(server, "app", f"owner owner template {source}")


@pytest.fixture(scope="module")
def process(migrated: Settings) -> Engine:
    """What a process does, does it as its role; nothing is committed but that ada was added."""
    engine = create_engine(migrated.database_url, poolclass=NullPool)
    with engine.begin() as connection:
        add_user(connection, "ada", "correct horse battery", "viewer")
    return engine


def _settings(server: str, role: str, how: str) -> Settings:
    name = f"d_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as boss:
        boss.execute(text(f"create database {name} {how}"))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    return Settings(
        database_url=_as(url, role, 'it\'s "secret"'), owner_database_url=_as(url, "owner", "p")
    )


def _as(url: str, role: str, password: str) -> str:
    other = make_url(url).set(username=role, password=password)
    return other.render_as_string(hide_password=False)


def refused(engine: Engine, statement: str) -> str:
    with pytest.raises(DBAPIError) as problem, engine.begin() as connection:
        connection.execute(text(statement))
    return str(problem.value.orig)


AGAINST_THE_AUDIT = [
    "update audit set actor = 'nobody'",
    "delete from audit",
    "truncate audit",
    "drop table audit",
    "alter table audit disable trigger audit_append_only",
    "drop trigger audit_append_only on audit",
    "alter table audit add column x int",
    "create or replace function refuse_change() returns trigger language sql as 'select 1'",
    "create trigger mine before insert on audit for each row execute function refuse_change()",
    "set session_replication_role = replica",
    # A line says when it was written, and stands where it came.
    "insert into audit (at, actor, action, subject, detail) values (now(), 'a', 'b', 'c', '{}')",
    (
        "insert into audit (id, actor, action, subject, detail) overriding system value"
        " values (1, 'a', 'b', 'c', '{}')"
    ),
    "set role owner",
    "select drop_part('audit')",
    "select drop_part('audit_y2026m11')",
    "drop schema public cascade",
    "create table public.mine (x int)",
    "update alembic_version set version_num = '0001'",
    "alter table users owner to current_user",
]


@pytest.mark.parametrize("statement", AGAINST_THE_AUDIT)
def test_the_role_of_the_processes_cannot_rewrite_the_audit(
    process: Engine, statement: str
) -> None:
    said = refused(process, statement)
    assert any(
        words in said for words in ("permission denied", "must be owner", "no month of a table")
    ), said
    with process.connect() as connection:
        assert connection.execute(text("select action from audit")).scalars().all() == [
            "user.added"
        ]


def test_it_can_do_its_work(process: Engine) -> None:
    with process.connect() as connection:
        bob = add_user(connection, "bob", "correct horse battery", "viewer")
        assert begin_session(connection, bob, "password", now=NOW) is not None
        put.add_policy(connection, 1)
        pair = put.add_pair(connection, 1, "alternative")
        put.add_alert(connection)
        connection.execute(text("update alerts set state = 'resolved'"))
        connection.execute(text("delete from claims where exchange_id = :pair"), {"pair": pair})
        assert audit_guard(connection).holds


def test_every_table_can_be_read_and_written_but_two(process: Engine) -> None:
    with process.connect() as connection:
        wrong = [
            (table, right)
            for table in inspect(connection).get_table_names()
            for right in ("select", "insert", "update", "delete")
            if not connection.execute(
                text("select has_table_privilege(:table, :right)"),
                {"table": table, "right": right},
            ).scalar()
        ]
        owned = connection.execute(
            text("select relname from pg_class where pg_get_userbyid(relowner) = current_user")
        ).all()
    assert sorted(wrong) == [
        ("alembic_version", "delete"), ("alembic_version", "insert"),
        ("alembic_version", "update"), ("audit", "delete"), ("audit", "insert"),
        ("audit", "update"),
    ]  # fmt: skip
    assert owned == []


def test_months_are_cut_and_dropped_without_owning_them(granted: Settings) -> None:
    process = create_engine(granted.database_url, poolclass=NullPool)
    made, _ = retention(engine=process, keep_days=30, keep_figures_days=60, today=TODAY)
    assert MONTH in made
    with process.connect() as connection:
        # Rows go into what was made, and out of it.
        assert _may(connection, MONTH, "insert")
        owner = "select pg_get_userbyid(relowner) from pg_class where relname = :name"
        found = connection.execute(text(owner), {"name": MONTH}).scalar()
        assert found == "owner"
    dropped: set[str] = set()
    for days in (150, 400):
        later = TODAY + dt.timedelta(days=days)
        _, old = retention(engine=process, keep_days=30, keep_figures_days=60, today=later)
        dropped |= set(old)
    assert MONTH in dropped
    # Of figures as well, which leave an empty part in their place.
    assert {name.partition("_")[0] for name in dropped} >= {"exchanges", "verdicts", "outcomes"}


@pytest.mark.parametrize(
    "part",
    [
        "audit", "users", "exchange_texts", "exchange_texts_rest", "users_y2026m11",
        "exchange_texts_y2026m1", "x; drop table users", "exchange_texts_y2026m11; --", "",
        "_y2026m11",
        "pg_class_y2026m11", "exchange_texts_y2031m01",
    ],
)  # fmt: skip
def test_nothing_but_a_month_can_be_dropped(process: Engine, part: str) -> None:
    with pytest.raises(DBAPIError, match="is no month of a table"), process.begin() as connection:
        connection.execute(text("select drop_part(:part)"), {"part": part})


@pytest.mark.parametrize(
    ("low", "high"), [("x", "y"), ("') to ('z'); drop table users; --", "maxvalue"), ("", "")]
)
def test_bounds_are_values_and_never_statements(process: Engine, low: str, high: str) -> None:
    with pytest.raises(DBAPIError, match="invalid input"), process.begin() as connection:
        connection.execute(
            text("select add_part('exchange_texts_y2031m01', :low, :high)"),
            {"low": low, "high": high},
        )


def test_others_may_not_call_them(migrated: Settings) -> None:
    plain = create_engine(_as(migrated.database_url, "plain", "p"), poolclass=NullPool)
    assert "permission denied" in refused(plain, "select drop_part('exchange_texts_y2026m11')")


def test_migrating_again_grants_again_and_keeps_the_password(granted: Settings) -> None:
    process = create_engine(granted.database_url, poolclass=NullPool)
    url = make_url(granted.database_url)
    other = url.set(password="another").render_as_string(hide_password=False)
    again = Settings(database_url=other, owner_database_url=granted.owner_database_url)
    assert bring_up_to_date(again) == url.username
    with process.connect() as connection:
        assert audit_guard(connection).holds


def test_what_a_later_version_makes_is_granted_already(granted: Settings) -> None:
    process = create_engine(granted.database_url, poolclass=NullPool)
    owner = create_engine(granted.owner_database_url, poolclass=NullPool)
    with owner.begin() as connection:
        connection.execute(text("create table later (id int)"))
    with process.begin() as connection:
        connection.execute(text("insert into later values (1)"))


def test_the_command_says_what_was_granted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TIERWATCH_OWNER_DATABASE_URL", settings.owner_database_url)
    done = CliRunner().invoke(main, ["migrate"])
    role = make_url(settings.database_url).username
    assert done.output.splitlines() == [
        "schema up to date",
        f"role {role} may use the tables, owns none, and can only append to the audit",
    ]
    named = CliRunner().invoke(main, ["migrate", "--grant-to", "plain"])
    assert "role plain may use" in named.output
    absent = CliRunner().invoke(main, ["migrate", "--grant-to", "not there"])
    assert absent.exit_code == 1
    assert """create role "not there" login password""" in absent.output


def test_roles_that_nothing_binds_are_refused(migrated: Settings) -> None:
    with (
        opened_database(migrated.owner_database_url) as engine,
        engine.begin() as connection,
        pytest.raises(UsageError, match="role owner owns the tables"),
    ):
        grant_to(connection, "owner")
    with (
        opened_database(migrated.owner_database_url) as engine,
        pytest.raises(DatabaseError, match="role boss is a superuser"),
        engine.begin() as connection,
    ):
        grant_to(connection, "boss")


def test_a_role_with_more_than_it_needs_is_noticed(granted: Settings) -> None:
    process = create_engine(granted.database_url, poolclass=NullPool)
    with create_engine(granted.owner_database_url, poolclass=NullPool).begin() as connection:
        assert audit_guard(connection).owns
        role = make_url(granted.database_url).username
        connection.execute(text(f"grant delete on audit to {role}"))
    with process.connect() as connection:
        guard = audit_guard(connection)
    assert (guard.owns, guard.may_change, guard.holds) == (False, True, False)


def test_a_process_cannot_migrate_and_says_who_can(migrated: Settings) -> None:
    with (
        pytest.raises(DatabaseError, match="TIERWATCH_OWNER_DATABASE_URL"),
        opened_database(migrated.database_url) as engine,
        engine.begin() as connection,
    ):
        connection.execute(text("create table mine (x int)"))


def _may(connection: Connection, table: str, right: str) -> bool:
    query = text("select has_table_privilege(:table, :right)")
    return bool(connection.execute(query, {"table": table, "right": right}).scalar())


def test_one_role_for_everything_goes_on_working(engine: Engine) -> None:
    """As the embedded stack does: the functions run as whoever owns them."""
    made, _ = retention(engine=engine, keep_days=30, keep_figures_days=60, today=TODAY)
    assert MONTH in made
    with engine.connect() as connection:
        assert not audit_guard(connection).holds

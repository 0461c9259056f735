"""The units: systemd itself reads them, they name what there is, and they give away nothing."""

import re
import shlex
import shutil
import stat
import subprocess
import textwrap
from pathlib import Path

import click
import pytest

from tierwatch.command import main
from tierwatch.command.serve.gateway import command as gateway
from tierwatch.settings import read_settings

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
TEMPLATE = UNITS / "tierwatch@.service"
HARDENED = {
    "NoNewPrivileges": "yes",
    "DynamicUser": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallFilter": "@system-service",
    "User": "tierwatch",
}


def _keys(path: Path) -> dict[str, str]:
    pairs = re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE)
    return dict(pairs)


@pytest.mark.parametrize("name", ["tierwatch@.service", "tierwatch-migrate.service"])
def test_each_unit_is_hardened(name: str) -> None:
    found = _keys(UNITS / name)
    assert {key: found.get(key) for key in HARDENED} == HARDENED


def test_they_start_commands_that_there_are() -> None:
    commands = set(main.list_commands(click.Context(main)))
    assert "migrate" in commands
    assert _keys(UNITS / "tierwatch-migrate.service")["ExecStart"].endswith("/tierwatch migrate")
    assert _keys(TEMPLATE)["ExecStart"].endswith("/tierwatch %i")
    page = (UNITS / "README.md").read_text()
    assert {*re.findall(r"tierwatch@(\w+)", page)} <= commands


def test_a_gateway_of_several_processes_is_started_as_the_command_takes_it() -> None:
    page = (UNITS / "README.md").read_text()
    words = re.findall(r"^    ExecStart=\S+/tierwatch gateway (.+)$", page, re.MULTILINE)
    assert len(words) == 1
    made = gateway.make_context("gateway", words[0].split())
    assert made.params["processes"] > 1


def test_systemd_takes_the_drop_in(tmp_path: Path) -> None:
    page = (UNITS / "README.md").read_text()
    drop_in = textwrap.dedent(page[page.index("    [Service]\n    ExecStart=\n") :])
    folder = tmp_path / "tierwatch@gateway.service.d"
    folder.mkdir()
    (folder / "override.conf").write_text(
        drop_in.replace("/opt/tierwatch/bin/tierwatch", "/bin/true")
    )
    assert _verified(tmp_path) == (0, [])


def test_a_stop_waits_for_what_is_in_flight() -> None:
    assert int(_keys(TEMPLATE)["TimeoutStopSec"]) >= read_settings({}).stop_within_s + 25


def test_the_environment_names_settings_that_there_are() -> None:
    lines = (UNITS / "tierwatch.env").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert pairs["TIERWATCH_SECRET_KEY"] == ""  # each its own
    read_settings({key: value for key, value in pairs.items() if key.startswith("TIERWATCH_")})
    for path in UNITS.glob("*.service"):
        text = path.read_text()
        given = dict(re.findall(r"(TIERWATCH_\w+)=(\S+)", text.replace("# TIERWATCH", "")))
        read_settings(given)


def test_the_folder_may_be_entered_and_only_secrets_are_closed(tmp_path: Path) -> None:
    page = (UNITS / "README.md").read_text()
    (tmp_path / "tierwatch.yaml").touch()
    shutil.copytree(UNITS, tmp_path / "deploy" / "systemd")
    etc = tmp_path / "etc"
    for line in re.findall(r"^    (install .*)$", page, re.MULTILINE):
        words = shlex.split(line.replace("/etc/tierwatch", str(etc)), comments=True)
        subprocess.run(words, cwd=tmp_path, check=True)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (etc, *etc.iterdir())}
    # The user that systemd makes passes through the folder and reads the configuration.
    assert modes == {
        "etc": 0o755,
        "tierwatch.yaml": 0o644,
        "tierwatch.env": 0o640,
        "owner.env": 0o600,
    }


def test_a_restart_of_all_migrates_between_the_old_and_the_new() -> None:
    migration, process = _keys(UNITS / "tierwatch-migrate.service"), _keys(TEMPLATE)
    # It stays active once it has run: only a restart runs it again.
    assert migration["RemainAfterExit"] == "yes"
    assert migration["PartOf"] == process["PartOf"] == "tierwatch.target"
    assert "tierwatch-migrate.service" in process["After"].split()
    assert process["Requires"] == "tierwatch-migrate.service"
    assert "systemctl restart tierwatch.target" in (UNITS / "README.md").read_text()


def test_only_the_migration_has_the_owner_of_the_tables() -> None:
    files = {
        path.name: re.findall(r"^EnvironmentFile=(.*)$", path.read_text(), re.MULTILINE)
        for path in UNITS.glob("*.service")
    }
    assert files["tierwatch@.service"] == ["/etc/tierwatch/tierwatch.env"]
    assert "-/etc/tierwatch/owner.env" in files["tierwatch-migrate.service"]


def _verified(folder: Path) -> tuple[int, list[str]]:
    """What systemd says of the units, and of drop-ins that lie in the folder."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    for path in UNITS.glob("tierwatch*"):
        # The program and the files of a machine where it is installed.
        text = path.read_text().replace("/opt/tierwatch/bin/tierwatch", "/bin/true")
        (folder / path.name).write_text(text.replace("EnvironmentFile=/", "EnvironmentFile=-/"))
    shutil.copy(folder / "tierwatch@.service", folder / "tierwatch@gateway.service")
    names = ["tierwatch@gateway.service", "tierwatch-migrate.service", "tierwatch.target"]
    done = subprocess.run(
        [analyze, "verify", *(str(folder / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, [line for line in done.stderr.splitlines() if "tierwatch" in line]


def test_systemd_reads_them(tmp_path: Path) -> None:
    assert _verified(tmp_path) == (0, [])

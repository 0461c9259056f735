"""Which processes make a stack, and that each is told the settings it was made with."""

import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.command.launch import processes
from tierwatch.command.launch.processes import (
    free_or_asked_port,
    process_environment,
    published_environment,
    recorded_process,
    stack_processes,
    without_settings,
)
from tierwatch.local import free_port
from tierwatch.settings import read_settings

SETTINGS = replace(
    read_settings({}),
    gateway_port=9000,
    dashboard_port=9001,
    secret_key="s3cret" * 6,
    anchors_every_s=0.0,
    evalset_share=1 / 3,
    data_dir=Path("/a folder/data"),
)


def test_a_child_reads_the_very_settings_it_was_given() -> None:
    found = read_settings(process_environment(SETTINGS))
    for one in fields(SETTINGS):
        assert getattr(found, one.name) == getattr(SETTINGS, one.name), one.name


def test_what_is_published_reaches_the_servers_and_holds_no_secret_of_a_process() -> None:
    given = replace(
        SETTINGS,
        database_url="postgresql+psycopg://a:s3@127.0.0.1:5433/b",
        owner_database_url="postgresql+psycopg://owner:s4@127.0.0.1:5433/b",
        media_key="m3dia",
        metrics_token="m3trics" * 3,
    )
    found = published_environment(given)
    read = read_settings(found)
    for name in ("database_url", "gateway_port", "dashboard_port", "data_dir", "evalset_share"):
        assert getattr(read, name) == getattr(given, name), name
    assert not any(word in str(found) for word in ("s3cret", "s4", "m3dia", "m3trics"))


def test_a_port_that_is_taken_names_the_setting_that_changes_it() -> None:
    gateway, _, _, dashboard = stack_processes(SETTINGS)
    assert gateway.elsewhere == "set TIERWATCH_GATEWAY_PORT to another port"
    assert dashboard.elsewhere == "set TIERWATCH_DASHBOARD_PORT to another port"


def test_gateway_comes_first_and_the_dashboard_last() -> None:
    found = stack_processes(SETTINGS)
    assert [one.name for one in found] == ["gateway", "worker", "beat", "dashboard"]
    # Those that answer over HTTP are waited for.
    assert [one.ready for one in found] == [
        "http://127.0.0.1:9000/readyz", None, None, "http://127.0.0.1:9001/healthz",
    ]  # fmt: skip


def test_every_process_is_a_command_and_keeps_the_working_directory_off_the_path() -> None:
    recorded = recorded_process(SETTINGS, Path("items.jsonl"), 9002, options='{"jitter": 0.1}')
    for process in (*stack_processes(SETTINGS), recorded):
        start, (command, *arguments) = process.argv[:4], process.argv[4:]
        assert start == [sys.executable, "-P", "-m", "tierwatch"]
        assert command == process.name
        # Arguments in an argv can be read by everybody: no secret stands there.
        assert not any("s3cret" in word for word in arguments)
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
    assert str(Path("items.jsonl").resolve()) in recorded.argv


def test_settings_of_the_person_do_not_reach_a_stack_of_its_own() -> None:
    environ = {"TIERWATCH_DATABASE_URL": "postgres://theirs", "PATH": "/bin", "OPENAI_API_KEY": "k"}
    assert without_settings(environ) == {"PATH": "/bin", "OPENAI_API_KEY": "k"}


def test_an_asked_port_is_taken_and_a_default_one_if_it_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    default = free_port()
    assert free_or_asked_port(None, default) == default
    assert free_or_asked_port(1234, default) == 1234

    monkeypatch.setattr(processes, "is_free", lambda _port: False)
    assert free_or_asked_port(None, default) != default

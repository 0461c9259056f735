"""What a process of several is handed, and what the supervisor checks before it starts any."""

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes.waiting import until

from tierwatch.command import main
from tierwatch.command.serve.place import MOST_PROCESSES, Place, run_processes
from tierwatch.errors import ConfigError, StackError
from tierwatch.settings import read_settings

CONFIG = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers: {own: {kind: openai, base_url: "http://127.0.0.1:1/v1"}}
"""


def test_it_survives_the_command_line() -> None:
    place = Place(3, "/tmp/odd folder's", (5, 6), 7)
    assert Place.from_json(place.to_json()) == place


def test_handed_sockets_are_those_of_the_supervisor() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        handed = os.dup(listening.fileno())
        (found,) = Place(0, "", (handed,), 0).listeners()
        assert found.getsockname() == listening.getsockname()
        found.close()


def test_a_process_ends_with_its_supervisor() -> None:
    ended: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    try:
        alive, held = os.pipe()
        Place(0, "", (), alive).end_with_supervisor()
        assert ended == []
        os.close(held)
        until(lambda: ended)
        os.close(alive)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_file_that_is_not_accepted_starts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tierwatch.yaml"
    file.write_text(CONFIG.replace("15", "cheap"))
    with pytest.raises(ConfigError, match=r"routing\.tiers\.complex\.cost"):
        run_processes(replace(read_settings({}), config=file), 2)


def test_a_port_of_somebody_else_s_is_not_shared(tmp_path: Path) -> None:
    file = tmp_path / "tierwatch.yaml"
    file.write_text(CONFIG)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = replace(read_settings({}), config=file, gateway_port=other.getsockname()[1])
        with pytest.raises(StackError, match="cannot listen on"):
            run_processes(settings, 2)


@pytest.mark.parametrize("number", ["0", "-1", str(MOST_PROCESSES + 1), "many"])
def test_how_many_is_checked(number: str) -> None:
    done = CliRunner().invoke(main, ["gateway", "--processes", number])
    assert done.exit_code == 2
    assert "--processes" in done.output

"""A real RabbitMQ on the loopback interface, where Debian's package is installed."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tierwatch.local import Process, Stack, free_port

# The scripts behind Debian's wrapper, which would change to the user of the system's own server.
_INSTALLED = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))

WHY_NOT = "rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)"
IS_INSTALLED = bool(_INSTALLED) and shutil.which("epmd") is not None

_CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users = none
{more}
"""


@dataclass(frozen=True, slots=True)
class Rabbit:
    """A started broker with its own name, ports, data and name server, all below one folder."""

    stack: Stack
    port: int
    environ: dict[str, str]

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` says."""
        ended = subprocess.run(
            [_INSTALLED[-1] / "rabbitmqctl", "--quiet", *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return ended.stdout

    def kill(self) -> None:
        self.stack.kill("rabbitmq")

    def restart(self) -> None:
        self.stack.restart("rabbitmq")


def start_rabbit(stack: Stack, *, more: str = "") -> Rabbit:
    """Start RabbitMQ under a stack; ``more`` is configuration of the test's own."""
    folder = stack.folder / "rabbitmq"
    folder.mkdir()
    port, names = free_port(), free_port()
    (folder / "rabbitmq.conf").write_text(_CONFIG.format(port=port, more=more))
    (folder / "enabled_plugins").write_text("[].\n")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),  # where the cookie is kept
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"tierwatch{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        # With input allowed the script becomes the server: a kill reaches the server itself.
        "RABBITMQ_ALLOW_INPUT": "yes",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 1:1 +sbwt none"
        " -kernel inet_dist_use_interface {127,0,0,1}",
    }
    # Started here, or RabbitMQ would start one that outlives it.
    stack.start(
        Process("epmd", ["epmd", "-port", str(names)], env=environ, ready=lambda: _listens(names))
    )
    server = [str(_INSTALLED[-1] / "rabbitmq-server")]
    stack.start(Process("rabbitmq", server, env=environ, ready=lambda: _greets(port)))
    return Rabbit(stack, port, environ)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _greets(port: int) -> bool:
    """Whether the broker answers the protocol's first line; its port is open a while before."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(8))
    except OSError:
        return False

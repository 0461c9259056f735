"""The place of one process among the several of a gateway, and the start of them all."""

import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tierwatch.command.serve.serving_config import serving_config
from tierwatch.settings import Settings

if TYPE_CHECKING:
    from tierwatch.command.serve.supervisor import Slot
    from tierwatch.gateway.asgi import ASGIApp
    from tierwatch.gateway.processes.siblings import Siblings

# More than the largest machines have cores for.
MOST_PROCESSES = 64
# What a process's stop takes beyond the time for replies in flight, and some seconds to spare.
_LONGER_S = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """What a process of several is handed by its supervisor.

    Attributes:
        number: of its slot.
        folder: of the processes' Unix sockets.
        handed: descriptors of its listening sockets.
        alive: a read end that is closed when the supervisor is gone.
    """

    number: int
    folder: str
    handed: tuple[int, ...]
    alive: int

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From the argument of the command."""
        fields = json.loads(text)
        return cls(**{**fields, "handed": tuple(fields["handed"])})

    def to_json(self) -> str:
        """The argument of the command."""
        return json.dumps(asdict(self))

    def listeners(self) -> list[socket.socket]:
        """The sockets to serve on."""
        return [socket.socket(fileno=number) for number in self.handed]

    def siblings(self, app: "ASGIApp") -> "Siblings":
        """The application that answers for all processes."""
        from tierwatch.gateway.processes.siblings import Siblings

        return Siblings(app, Path(self.folder), str(self.number), os.getpid())

    def end_with_supervisor(self) -> None:
        """End as at a signal when the supervisor is gone, be it by kill -9."""

        def wait() -> None:
            os.read(self.alive, 1)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=wait, name="supervisor", daemon=True).start()


def run_processes(settings: Settings, processes: int) -> None:
    """Serve in several processes until told to stop.

    Raises:
        ConfigError: the configuration is not accepted, or a tier has no provider.
        StackError: the port is taken, or the processes do not come up.
    """
    from tierwatch.command.serve.supervisor import Supervisor
    from tierwatch.gateway.processes.listening import listeners_at
    from tierwatch.runtime.log_lines import configure_logging

    configure_logging(settings)
    serving_config(settings.config)
    # What listens there must not share it with us: a port that is taken is said at the start.
    for probe in listeners_at(settings.gateway_host, settings.gateway_port):
        probe.close()
    with tempfile.TemporaryDirectory(prefix="tierwatch-") as folder:

        def command(slot: "Slot", handed: Sequence[int], alive: int) -> list[str]:
            place = Place(slot.number, folder, tuple(handed), alive)
            # ``-P`` keeps the working directory off the path: it may hold a ``redis.py``.
            ours = [sys.executable, "-P", "-m", "tierwatch", "gateway"]
            return [*ours, "--place", place.to_json()]

        Supervisor(
            processes,
            listen=lambda: listeners_at(settings.gateway_host, settings.gateway_port, shared=True),
            command=command,
            check=lambda: serving_config(settings.config),
            folder=Path(folder),
            stop_within_s=settings.stop_within_s + _LONGER_S,
        ).run()

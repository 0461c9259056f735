"""The stack that runs in a folder: how commands that work beside it reach what it uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tierwatch.errors import StackError
from tierwatch.local.folder import STACK, Folder, lives


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack whose parent runs.

    Attributes:
        pid: of the parent.
        environment: the variables that name its servers, ports and configuration.
    """

    pid: int
    environment: Mapping[str, str]


def running_stack(folder: Path) -> RunningStack | None:
    """The stack that runs in this folder; None when none does, whatever a dead one left there.

    Raises:
        StackError: its file cannot be read; another user's, for example.
    """
    try:
        found = Folder(folder).load(STACK)
    except StackError as problem:
        if isinstance(problem.__cause__, PermissionError):
            raise StackError(
                f"{folder / STACK} belongs to another user: work as the one who started the stack"
                " there"
            ) from problem
        raise
    match found:
        case {"pid": int(pid), "started": float(started), "environment": dict(environment)} if (
            lives(pid, started)
        ):
            return RunningStack(pid, {str(name): str(value) for name, value in environment.items()})
        case _:
            return None

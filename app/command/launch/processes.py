"""Launch: which processes make a stack, and what each is told."""

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from tierwatch.local import Process, free_port
from tierwatch.local.process import is_free
from tierwatch.settings import Settings, variable

# What a stop takes at most beyond the time that is given to what is in flight: the gateway's last
# steps and its flush, with each at its limit.
_LONGER_S = 25.0

# Secrets with which a process works and nobody is reached.
_OF_PROCESSES = ("owner_database_url", "secret_key", "metrics_token", "media_key")


def stack_processes(settings: Settings, *, intake: bool = False) -> list[Process]:
    """Gateway, worker, scheduler, dashboard and, where it is asked for, intake; as they start."""
    env = process_environment(settings)
    gateway = f"http://127.0.0.1:{settings.gateway_port}/readyz"
    dashboard = f"http://127.0.0.1:{settings.dashboard_port}/healthz"
    processes = [
        Process(
            name="gateway",
            argv=_command("gateway"),
            env=env,
            ready=gateway,
            elsewhere=_elsewhere("gateway_port"),
            stop_within_s=settings.stop_within_s + _LONGER_S,
        ),
        Process(
            name="worker",
            argv=_command("worker"),
            env=env,
            stop_within_s=settings.stop_within_s + _LONGER_S,
        ),
        Process(name="beat", argv=_command("beat"), env=env),
        Process(
            name="dashboard",
            argv=_command("dashboard"),
            env=env,
            ready=dashboard,
            elsewhere=_elsewhere("dashboard_port"),
        ),
    ]
    if intake:
        processes.append(
            Process(
                name="intake",
                argv=_command("intake"),
                env=env,
                ready=f"http://127.0.0.1:{settings.intake_port}/readyz",
                elsewhere=_elsewhere("intake_port"),
                stop_within_s=settings.stop_within_s + _LONGER_S,
            )
        )
    return processes


def recorded_process(
    settings: Settings, traffic: Path, port: int, *, options: str = "{}"
) -> Process:
    """The provider that answers from a traffic file; ``options`` as JSON (`RecordedOptions`)."""
    return Process(
        name="recorded",
        argv=_command(
            *("recorded", "--traffic", str(traffic.resolve()), "--port", str(port)),
            *("--options", options),
        ),
        env=process_environment(settings),
        ready=f"http://127.0.0.1:{port}/healthz",
    )


def _elsewhere(port: str) -> str:
    return f"set {variable(port)} to another port"


def _command(*arguments: str) -> list[str]:
    """``-P`` keeps the working directory off the path: it may hold a ``redis.py``."""
    return [sys.executable, "-P", "-m", "tierwatch", *arguments]


def process_environment(settings: Settings) -> dict[str, str]:
    """The settings as variables for a child process.

    One at its default is left out: the child has the same default, and an empty text is a default
    that not every setting accepts as a value.
    """
    return {
        variable(item.name): str(value)
        for item in fields(settings)
        if (value := getattr(settings, item.name)) != item.default
    }


def published_environment(settings: Settings) -> dict[str, str]:
    """The settings that a command beside the stack needs, as variables.

    Addresses of servers are among them, with their passwords; secrets of processes are not.
    """
    names = {variable(item.name) for item in fields(settings) if item.name in _OF_PROCESSES}
    found = process_environment(settings)
    return {name: value for name, value in found.items() if name not in names}


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without our settings: the stack's processes get their own."""
    return {name: value for name, value in environ.items() if not name.startswith("TIERWATCH_")}


def free_or_asked_port(asked: int | None, default: int) -> int:
    """The asked port; else the default one, or any other when that is taken."""
    if asked is not None:
        return asked
    return default if is_free(default) else free_port()

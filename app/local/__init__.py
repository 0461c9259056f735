"""Runs processes under one parent on this machine, PostgreSQL and Redis from wheels among them.

A folder, descriptions of processes and an environment come in; running processes, their addresses
and secrets go out, and nothing is left when the parent ends, however it ends. What the processes of
tierwatch are says `command.launch`; `parent` starts, watches and stops any. Called by the commands
that start a stack, and by the tests.
"""

from tierwatch.local.parent import Stack, run_until_signal
from tierwatch.local.process import Process, free_port
from tierwatch.local.running import RunningStack, running_stack

__all__ = [
    "Process",
    "RunningStack",
    "Stack",
    "free_port",
    "run_until_signal",
    "running_stack",
]

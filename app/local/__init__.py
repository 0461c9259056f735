"""The embedded stack: real PostgreSQL and Redis from wheels, and every process under one parent.

A folder, descriptions of processes and an environment come in; running processes, their addresses
and secrets go out, and nothing is left when the parent ends, however it ends. Called by the
commands that start a stack, and by the tests.
"""

from tierwatch.local.process import Process, free_port
from tierwatch.local.stack import Stack, run_until_signal

__all__ = ["Process", "Stack", "free_port", "run_until_signal"]

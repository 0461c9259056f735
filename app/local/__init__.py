"""The embedded stack: real PostgreSQL and Redis from wheels, and every process under one parent."""

from tierwatch.local.process import Process, free_port
from tierwatch.local.stack import Stack, run_until_signal

__all__ = ["Process", "Stack", "free_port", "run_until_signal"]

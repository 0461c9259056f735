"""The embedded stack: real PostgreSQL and Redis from wheels, and every process under one parent."""

from app.local.process import Process, free_port
from app.local.stack import Stack, run_until_signal

__all__ = ["Process", "Stack", "free_port", "run_until_signal"]

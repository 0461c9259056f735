"""Programs of the command line, each run in a folder and a home of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent


def run(*command, env=None, given="", home=None, timeout=240):
    """What a program prints; raises with its last words when it fails."""
    with tempfile.TemporaryDirectory() as own:
        folder = home or own
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        more = {**kept, "HOME": folder, "PATH": f"{BIN}:{kept['PATH']}", **(env or {})}
        done = subprocess.run(
            command,
            cwd=folder,
            env=more,
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"exit {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
    return done.stdout + done.stderr

"""Programs of the command line, each run in a folder and a home of its own."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import driving

BIN = Path(sys.executable).parent
# Of fifty sessions at once, how many are programs: 52 before four gateways. Fifty of the largest
# would take some 15 GB, and two cores minutes to start.
PROGRAMS = 13


def run(*command, env=None, given="", home=None, timeout=1_500):
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


def fifty(url: str, program: Callable[[str], str]) -> None:
    """Fifty sessions at once: programs, and for the rest streams without a client.

    The vendor answers none before all fifty are there.
    """
    question = f"{driving.PLAIN} [[together {driving.MANY} {secrets.token_hex(6)}]]"
    with ThreadPoolExecutor(driving.MANY) as pool:
        asked = [pool.submit(program, question) for _ in range(PROGRAMS)]
        rest = driving.MANY - PROGRAMS
        asked += [pool.submit(session, url, question) for _ in range(rest)]
        for one in asked:
            driving.plain(one.result())


def session(url: str, question: str) -> str:
    """A streamed question without any client."""
    body = {"model": "auto", "messages": [{"role": "user", "content": question}], "stream": True}
    asked = urllib.request.Request(  # noqa: S310 - of this machine
        f"{url}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {driving.KEY}"},
    )
    with urllib.request.urlopen(asked, timeout=1_500) as got:  # noqa: S310 - of this machine
        lines = [line[6:] for line in got.read().decode().splitlines() if line[:6] == "data: "]
    chunks = [json.loads(line) for line in lines if line != "[DONE]"]
    return "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])

"""Install current releases, each set of packages into a folder of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from clients import NODE, Client


class Installed:
    """Where a client's packages are, and the programs that run its driver."""

    def __init__(self, client: Client, below: Path) -> None:
        self.client = client
        name = re.sub(r"\W+", "-", client.packages[0]).strip("-")
        self.folder = below / f"{client.kind}-{name}"

    @property
    def bin(self) -> Path:
        return self.folder / ("bin" if self.client.kind == "pip" else "node_modules/.bin")

    def program(self) -> str:
        """What runs the driver."""
        return str(self.bin / ("python" if self.client.kind == "pip" else "node"))

    def install(self) -> str:
        """Install what is not there yet; "" or the last words of what failed."""
        if (self.folder / ".ready").exists():
            return ""
        self.folder.mkdir(parents=True, exist_ok=True)
        commands = self._pip() if self.client.kind == "pip" else self._npm()
        for command in commands:
            done = subprocess.run(
                command, cwd=self.folder, capture_output=True, text=True, check=False
            )
            if done.returncode:
                return (done.stderr or done.stdout)[-400:]
        (self.folder / ".ready").touch()
        return ""

    def _pip(self) -> Iterator[list[str]]:
        yield [sys.executable, "-m", "venv", str(self.folder)]
        pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet"]
        yield [*pip, "--disable-pip-version-check", *self.client.packages]

    def _npm(self) -> Iterator[list[str]]:
        (self.folder / "package.json").write_text('{"private": true, "type": "module"}')
        yield ["npm", "install", "--no-audit", "--no-fund", "--silent", NODE]
        # Scripts of packages that fetch binaries run on the node they ask for.
        path = f"{self.bin}:{os.environ['PATH']}"
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
        yield ["env", f"PATH={path}", *install, *self.client.packages]

    def version(self) -> str:
        """The version of the package that gives the client its name."""
        named = self.client.versioned
        if self.client.kind == "npm":
            file = self.folder / "node_modules" / named / "package.json"
            return str(json.loads(file.read_text())["version"])
        asked = f"from importlib.metadata import version; print(version({named!r}))"
        done = subprocess.run(
            [self.program(), "-c", asked], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()


if __name__ == "__main__":
    from clients import CLIENTS

    for one in CLIENTS:
        installed = Installed(one, Path(sys.argv[1]))
        problem = installed.install()
        print(one.name, problem or installed.version(), flush=True)

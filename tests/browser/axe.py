"""axe-core, which reads a page as a screen reader does; from npm, for tests alone."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

VERSION = "4.14.1"
# What a page must not fail: WCAG 2.2 at A and AA, and what axe itself advises.
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = (
    "async tags => { const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}});"
    " return found.violations.map(one => [one.id, one.impact, one.nodes.map(n => n.html)]); }"
)


def axe_script() -> str:
    """The script, from the cache or from npm.

    Raises:
        LookupError: there is neither; the message says why.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "tierwatch-tests" / f"axe-core-{VERSION}"
    file = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise LookupError("needs axe-core, and npm is not on PATH to fetch it")
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [
                *(npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit"),
                *("--no-fund", "--no-save", f"axe-core@{VERSION}"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode or not file.exists():
            raise LookupError(f"needs axe-core, and npm did not fetch it: {done.stderr[-300:]}")
    return file.read_text(encoding="utf-8")


def violations(page: Any, script: str) -> list[str]:
    """A line for each rule that the page breaks, with the first elements that break it."""
    page.evaluate(script)
    return [
        f"{rule} ({impact}) x{len(elements)}: {'; '.join(elements[:2])[:300]}"
        for rule, impact, elements in page.evaluate(_RUN, _TAGS)
    ]

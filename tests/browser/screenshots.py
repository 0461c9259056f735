"""Takes a picture of every page: light and dark, on a desk and on a phone, on a real stack.

::

    make screenshots                                # into .screenshots/, four to docs/pictures
    make screenshots ARGS="--limit 200"             # less traffic, sooner
    make screenshots ARGS=--four                    # only those of docs/pictures

Starts `tierwatch demo` in a folder of its own, waits until its traffic is judged, and walks through
the dashboard by its links. Four of the pictures, small, are those of README and docs. Needs the
extra ``browser`` and a Chromium on PATH.
"""

import argparse
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # tests/: browser

from browser.stage import PASSWORD, chromium, log_in  # noqa: E402
from browser.walk import kind, walk  # noqa: E402

ROOT = HERE.parents[1]
FOLDER, PICTURES = ROOT / ".screenshots", ROOT / "docs" / "pictures"
WIDTHS, SCHEMES = {"desk": 1280, "phone": 390}, ("light", "dark")
HEIGHT = 900
# Of README and docs, by where each is found: a page, and the link to follow there, if any. They are
# the demo's misroute alert, its worst pair, and the proposal that saves money.
_MISROUTE = 'main a[href^="/alerts/"]:has-text("misroute")'
SMALL = {
    "overview": ("/", ()),
    "alert": ("/alerts", (_MISROUTE,)),
    "proposal": ("/proposals", ('main a[href^="/proposals/"]:has-text("lower")',)),
    "pair": ("/alerts", (_MISROUTE, 'section.pair h3 a[href^="/pairs/"]')),
}
_QUALITY = 80
_ONE_TIME = re.compile(r"dashboard +(http://\S+) +user admin, one-time password (\S+)")
_WITHIN_S = 1_800


@contextmanager
def demo(*arguments: str) -> Iterator[tuple[str, str]]:
    """A demo whose traffic has been judged: its dashboard's address, and the one-time password."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIERWATCH_")}
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)  # PostgreSQL's user passes through it
        command = [sys.executable, "-P", "-m", "tierwatch", "demo", *arguments]
        running = subprocess.Popen(command, cwd=place, env=clean, stdout=subprocess.PIPE, text=True)
        late = threading.Timer(_WITHIN_S, running.kill)
        late.start()
        try:
            assert running.stdout is not None
            found = None
            for line in running.stdout:
                sys.stdout.write(f"  {line}")
                found = _ONE_TIME.search(line) or found
                if line.startswith("replay done"):
                    break
            if found is None or running.poll() is not None:
                raise SystemExit("the demo ended before its traffic was judged; see above")
            # Nobody reads on: a full pipe would hold it up.
            drain = threading.Thread(target=running.stdout.read)
            drain.start()
            yield found[1], found[2]
        finally:
            late.cancel()
            running.send_signal(signal.SIGINT)
            running.communicate()


def enter(page: Any, address: str, password: str) -> None:
    """Log in for the first time, and choose a password."""
    page.goto(f"{address}/login")
    log_in(page, "admin", password)
    page.get_by_label("Current password").fill(password)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()


def picture(page: Any, file: Path, *, whole: bool) -> None:
    """Write what the page shows, as WebP or PNG, which Chromium makes itself."""
    how: dict[str, Any] = {"format": file.suffix[1:], "captureBeyondViewport": whole}
    if file.suffix == ".webp":
        how["quality"] = _QUALITY
    if whole:
        size = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        # WebP ends at 16,383 pixels.
        how["clip"] = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], 16_000), "scale": 1}
    session = page.context.new_cdp_session(page)
    file.write_bytes(base64.b64decode(session.send("Page.captureScreenshot", how)["data"]))
    session.detach()


def name_of(path: str) -> str:
    """The name of an address in a file's name.

    >>> name_of("/"), name_of("/alerts/12/label"), name_of("/search?q=a")
    ('overview', 'alerts-id-label', 'search')
    """
    words = re.sub(r"[^a-z]+", "-", kind(path.partition("?")[0])).strip("-")
    return words or "overview"


def take_four(page: Any) -> None:
    """The small ones, of README and docs."""
    page.set_viewport_size({"width": WIDTHS["desk"], "height": HEIGHT})
    page.emulate_media(color_scheme="light")
    for name, (path, links) in SMALL.items():
        page.goto(path)
        for link in links:
            page.goto(page.locator(link).first.get_attribute("href"))
        picture(page, PICTURES / f"{name}.png", whole=False)


def take_all(browser: Any, state: Any, address: str) -> None:
    """Every page in every width and scheme."""
    for scheme in SCHEMES:
        for called, width in WIDTHS.items():
            context = browser.new_context(
                base_url=address, storage_state=state, color_scheme=scheme,
                viewport={"width": width, "height": HEIGHT},
            )  # fmt: skip
            page = context.new_page()
            page.goto("/")
            for path in walk(page):
                file = FOLDER / f"{name_of(path)}-{called}-{scheme}.webp"
                picture(page, file, whole=True)
            context.close()


def main() -> None:
    """Run the demo, take the pictures, and say where they are."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--limit", default="900", help="lines of traffic to replay")
    options.add_argument("--four", action="store_true", help="only those of README and docs")
    asked = options.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for folder in (FOLDER, PICTURES):
        folder.mkdir(parents=True, exist_ok=True)
    with demo("--limit", asked.limit) as (address, password), chromium() as browser:
        page = browser.new_page(base_url=address)
        enter(page, address, password)
        take_four(page)
        if not asked.four:
            take_all(browser, page.context.storage_state(), address)
    files = sorted(FOLDER.glob("*.webp"))
    kilobytes = sum(one.stat().st_size for one in files) // 1000
    sys.stdout.write(f"{len(files)} pictures in {FOLDER}, {kilobytes:,} kB\n")
    for one in sorted(PICTURES.glob("*.png")):
        sys.stdout.write(f"{one} {one.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()

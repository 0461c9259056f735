"""Takes a picture of every page of a dashboard with made-up traffic, wide and as on a phone.

::

    python tests/browser/picture.py FOLDER

Needs the extra ``browser`` and a Chromium on PATH. The moment is fixed, so that the same code gives
the same pictures but for the ids of the pairs; `screenshots.py` takes those of README and docs, of
real traffic.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # tests/: factories, browser

from browser.made_up import CONFIG, NOW, Made, add_people, fill  # noqa: E402
from browser.stage import PASSWORD, chromium, log_in, serve  # noqa: E402

from tierwatch.config import load_config  # noqa: E402
from tierwatch.dashboard import build_dashboard  # noqa: E402
from tierwatch.local import Stack  # noqa: E402
from tierwatch.store.database import build_engine  # noqa: E402
from tierwatch.store.migration import migrate  # noqa: E402
from tierwatch.store.people.users import add_user  # noqa: E402

WIDTH, PHONE = 1200, 390
HEIGHT = 945


def pages(made: Made) -> dict[str, str]:
    """Every page, by the name of its file."""
    return {
        "overview": "/",
        "alerts": "/alerts",
        "alert": f"/alerts/{made.alert}",
        "alert-budget": f"/alerts/{made.resolved}",
        "proposals": "/proposals",
        "proposal": f"/proposals/{made.proposal}",
        "proposal-uncertified": f"/proposals/{made.uncertified}",
        "pairs": "/pairs",
        "pair": f"/pairs/{made.pair}",
        "review": "/review",
        "label": "/review/next",
        "judge": "/judge",
        "policies": "/policies",
        "audit": "/audit",
        "password": "/password",
        "users": "/users",
        "sessions": "/sessions",
        "types": "/types",
        "sources": "/sources",
        "costs": "/costs",
        "settings": "/settings",
        "alert-labels": f"/alerts/{made.alert}/label",
        "error": "/nothing",
    }


def take(browser: Any, address: str, width: int, wanted: dict[Path, str]) -> None:
    """Log in and write a picture of each address into its file."""
    page = browser.new_page(base_url=address, viewport={"width": width, "height": HEIGHT})
    page.goto("/")
    log_in(page, "grace")
    for file, path in wanted.items():
        page.goto(path)
        page.screenshot(path=file, full_page=True)
        sys.stdout.write(f"{file} {file.stat().st_size // 1000} kB\n")
    page.close()


def main() -> None:
    """Start Postgres, fill it, serve the dashboard, and take the pictures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", metavar="FOLDER", type=Path)
    folder = options.parse_args().folder
    with (
        tempfile.TemporaryDirectory() as place,
        Stack(Path(place), say=lambda _: None, environ=dict(os.environ)) as stack,
    ):
        engine = build_engine(stack.start_postgres())
        migrate(engine)
        with engine.begin() as connection:
            made = fill(connection)
            add_user(connection, "ada", PASSWORD, "approver")
            add_people(connection)
        file = Path(place) / "tierwatch.yaml"
        file.write_text(CONFIG)
        app = build_dashboard(
            config=load_config(file), engine=engine, secret_key="s" * 32, clock=NOW.timestamp
        )
        with serve(app) as address, chromium() as browser:
            folder.mkdir(parents=True, exist_ok=True)
            for width, suffix in ((WIDTH, ""), (PHONE, "-phone")):
                wanted = {folder / f"{n}{suffix}.png": p for n, p in pages(made).items()}
                take(browser, address, width, wanted)
        engine.dispose()
        stack.discard()


if __name__ == "__main__":
    main()

"""The made-up traffic fills every page that a picture is taken of; README and docs have four."""

import re
from pathlib import Path

from browser.made_up import CONFIG, NOW, fill
from browser.picture import pages
from browser.screenshots import PICTURES, SMALL, WIDTHS
from browser.stage import PASSWORD
from sqlalchemy import Engine

from tierwatch.config import load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.store.people.users import add_user


def test_every_page_shows_the_made_up_traffic(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        made = fill(connection)
        add_user(connection, "ada", PASSWORD, "approver")
    file = tmp_path / "tierwatch.yaml"
    file.write_text(CONFIG)
    app = build_dashboard(
        config=load_config(file), engine=engine, secret_key="s" * 32, clock=NOW.timestamp
    )
    client = app.test_client()
    form = client.get("/login").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    data = {"name": "ada", "password": PASSWORD, "csrf_token": token[1]}
    assert client.post("/login", data=data).status_code == 302
    shown = {
        name: client.get(path, follow_redirects=True).text for name, path in pages(made).items()
    }
    assert "the tier fails 19 probes that it passed before, of 136 asked" in shown["alert"]
    assert "the policy in the prompt says 14 days" in shown["alert"]
    assert "18 min ago" in shown["alert"]
    assert "1 unresolved alert." in shown["overview"]
    assert "2 proposals wait for a decision." in shown["overview"]
    assert "Certified." in shown["proposal"]
    assert "Not certified." in shown["proposal-uncertified"]
    assert "Refunds are instant." in shown["pair"]
    assert "113 of 136" in shown["judge"]
    assert "There is nothing at this address" in shown["error"]


def test_pictures_are_those_that_the_script_takes_and_small_enough_for_a_readme() -> None:
    assert {one.name for one in PICTURES.iterdir()} == {f"{name}.png" for name in SMALL}
    for file in PICTURES.iterdir():
        content = file.read_bytes()
        # PNG: eight bytes of signature, then the header's length, name, width and height.
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(content[16:20], "big") == WIDTHS["desk"]
        assert len(content) < 200_000


def test_each_picture_is_shown_once() -> None:
    root = PICTURES.parents[1]
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    shown = [
        name
        for page in pages
        for name in re.findall(r"!\[[^\]]+\]\([\w./]*pictures/([\w.]+)\)", page.read_text("utf-8"))
    ]
    assert sorted(shown) == sorted(f"{name}.png" for name in SMALL)

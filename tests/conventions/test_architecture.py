"""docs/architecture.md cannot drift: its rooms, pictures, walk and tables are those of the code."""

import re
import tomllib

import pytest
from conventions import rooms
from conventions.house import ROOT, imports, modules

from tierwatch.store.schema.every_table import METADATA

FOUND = modules()
PAGE = rooms.PAGE.read_text()
NAMES = {one.name for one in FOUND}
# A partition or a table of Alembic's own is not ours to explain.
WALK = PAGE.partition("## One request's walk")[2].partition("\n## ")[0]


@pytest.mark.parametrize("part", rooms.PARTS)
def test_what_is_made_from_the_code_is_made_from_this_code(part: str) -> None:
    assert rooms.text_between(PAGE, part) == rooms.parts(FOUND)[part], (
        "run python tests/conventions/rooms.py"
    )


def test_every_room_says_what_comes_in_and_what_goes_out() -> None:
    assert [folder for folder, says in rooms.rooms(FOUND).items() if not says] == []


def test_every_file_the_page_names_is_there() -> None:
    named = set(re.findall(r"`([\w./-]+\.(?:py|txt|yaml|toml))`", PAGE))
    assert len(named) > 30
    known = [ROOT, ROOT / "app", ROOT / "docs"]
    missing = [file for file in named if not any((folder / file).exists() for folder in known)]
    assert missing in (["tierwatch.yaml"], [])


def test_every_arrow_of_the_walk_is_an_import() -> None:
    arrows = re.findall(r"^ +(\S+) -->(?:\|[^|]*\|)? (\S+)$", WALK, re.MULTILINE)
    assert len(arrows) >= 10
    missing = [f"{a} --> {b}" for a, b in arrows if not _imports(a, b)]
    assert missing == []


def _imports(one: str, other: str) -> bool:
    """Whether anything below the first place imports anything below the second."""
    inside, wanted = (f"tierwatch.{place.replace('/', '.')}" for place in (one, other))
    seen = [
        found
        for module in FOUND
        if module.name == inside or module.name.startswith(f"{inside}.")
        for found in imports(module, NAMES, deferred=True)
    ]
    assert seen, f"{one}: no such place, or it imports nothing of ours"
    return any(name == wanted or name.startswith(f"{wanted}.") for name in seen)


def test_the_tables_are_those_of_the_schema() -> None:
    section = PAGE.partition("## Where state lives")[2]
    named = {
        name
        for row in section.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert named == set(METADATA.tables)


def test_the_floors_are_those_that_import_linter_checks() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(one for one in contracts["contracts"] if one["name"] == "The story flows one way")
    floors = PAGE.partition("## Floors")[2].partition("```\n")[2].partition("```")[0].split("\n")
    assert [line for line in floors if line] == [
        " | ".join(part.strip().removeprefix("tierwatch.") for part in floor.split("|"))
        for floor in layers["layers"]
    ]

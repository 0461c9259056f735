"""The rooms as docs/architecture.md shows them: a table and two pictures made from the code.

``python tests/conventions/rooms.py`` writes them into the page between their marks, after a room
was added or an import changed; test_architecture.py says when that is due.
"""

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from conventions.house import ROOT, Module, imports, modules

PAGE = ROOT / "docs" / "architecture.md"
PARTS = ("rooms", "house", "loop")


def text_between(page: str, part: str) -> str:
    """What stands between the marks of a part."""
    begin, end = _marks(part)
    return page.partition(begin)[2].partition(end)[0].strip("\n")


def with_text(page: str, part: str, text: str) -> str:
    """The page with another text between the marks of a part."""
    begin, end = _marks(part)
    before, found, rest = page.partition(begin)
    if not found:
        raise SystemExit(f"docs/architecture.md has no mark {begin}")
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def _marks(part: str) -> tuple[str, str]:
    return f"<!-- {part}: made by tests/conventions/rooms.py -->", f"<!-- end of {part} -->"


def rooms(found: list[Module]) -> dict[str, str]:
    """Folder of each package -> the first line of its ``__init__``'s docstring."""
    return {
        str(Path(one.path).parent): (ast.get_docstring(one.tree) or "").partition("\n")[0]
        for one in found
        if one.path.endswith("__init__.py")
    }


def arrows(found: list[Module], inside: str) -> dict[str, set[str]]:
    """Which part of a package imports which other one; a part is a folder or a module in it.

    ``__main__`` is left out: it hands on what was typed.
    """
    names = {one.name for one in found}

    def part(name: str) -> str | None:
        below = name.removeprefix(f"{inside}.")
        place = below.partition(".")[0]
        return None if below == name or place == "__main__" else place

    drawn: dict[str, set[str]] = {}
    for one in found:
        mine = part(one.name)
        if mine is None:
            continue
        others = {part(name) for name in imports(one, names, deferred=True)}
        drawn.setdefault(mine, set()).update(o for o in others if o is not None and o != mine)
    return drawn


def reduced(drawn: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The arrows that no longer way implies: A -> C goes where A -> B -> C is drawn."""
    below: dict[str, set[str]] = {}

    def reach(name: str) -> set[str]:
        if name not in below:
            below[name] = set()  # there are no cycles; see test_house.py
            below[name] = set().union(*({o} | reach(o) for o in drawn.get(name, ())))
        return below[name]

    return sorted(
        (name, other)
        for name, others in drawn.items()
        for other in others
        if not any(other in reach(between) for between in others - {other})
    )


def picture(pairs: Iterable[tuple[str, str]]) -> str:
    """A flowchart in Mermaid."""
    lines = [f"    {a} --> {b}" for a, b in pairs]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def table(found: list[Module]) -> str:
    """The rooms, one a row."""
    rows = [f"| `{folder}/` | {says} |" for folder, says in rooms(found).items()]
    return "\n".join(["| room | what comes in and goes out |", "|---|---|", *rows])


def parts(found: list[Module]) -> dict[str, str]:
    """Every part of the page that is made from the code."""
    return {
        "rooms": table(found),
        "house": picture(reduced(arrows(found, "tierwatch"))),
        "loop": picture(reduced(arrows(found, "tierwatch.loop"))),
    }


if __name__ == "__main__":
    text = PAGE.read_text()
    for made_part, made in parts(modules()).items():
        text = with_text(text, made_part, made)
    PAGE.write_text(text)

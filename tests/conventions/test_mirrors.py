"""Every module of some length has its test where a reader would look, or a line that says where.

``app/loop/compare/judge.py`` is tested by ``tests/loop/compare/test_judge.py``. A module that is
tested as part of something else stands in ``covered_elsewhere.txt``: its path, the test's path, and
why, with `` | `` between them.
"""

from pathlib import Path

from conventions import house

TABLE = Path(__file__).with_name("covered_elsewhere.txt")
MIRRORED = {"app": "", "workers": "workers"}
# Shorter modules are names, types or doors.
FEWEST_LINES = 40


def mirrored(path: str) -> Path:
    """Where the test of a module stands."""
    top, *rest, file = Path(path).parts
    if file == "__init__.py":
        file = "doors.py"  # what a package exports
    return house.ROOT.joinpath("tests", MIRRORED[top], *rest, f"test_{file.strip('_')}")


def elsewhere() -> dict[str, tuple[str, str]]:
    """The table: module -> (test, why)."""
    lines = [line for line in TABLE.read_text().splitlines() if line and line[0] != "#"]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert [row for row in rows if len(row) != 3] == []
    return {module: (test, why) for module, test, why in rows}


LONG = [one.path for one in house.modules() if one.lines > FEWEST_LINES]


def test_every_module_has_its_test_or_says_which_one_covers_it() -> None:
    table = elsewhere()
    assert [path for path in LONG if not mirrored(path).exists() and path not in table] == []


def test_the_table_is_true() -> None:
    for module, (test, why) in elsewhere().items():
        assert module in LONG, f"{module} is gone or short"
        assert not mirrored(module).exists(), f"{module} has a test of its own by now"
        assert (house.ROOT / test).exists(), f"{test} is gone"
        assert len(why) > 20, f"{module}: say why"


def test_the_table_is_short() -> None:
    assert len(elsewhere()) <= len(LONG) // 10

"""The judgement's rooms import one another one way, and nothing above them."""

import ast
from pathlib import Path

import pytest

import tierwatch.evaluation

ROOMS = Path(tierwatch.evaluation.__file__).parent
# Each may import those before it. `rates` is what everything is told in, `evidence` tells it all.
ORDER = [
    "rates",
    "ceiling",
    "alarms",
    "sampling",
    "calibration",
    "attribution",
    "counterfactual",
    "thresholds",
    "objectives",
    "models",
    "replacement",
    "types",
    "evidence",
    "simulation",
]
# Of the project: routing, whose decisions are judged, and the tree of errors.
BESIDE = {"tierwatch.errors", "tierwatch.routing"}


def imported(room: str) -> set[str]:
    """What the modules of a room import of the project, imports for types too."""
    return {
        node.module
        for file in (ROOMS / room).glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tierwatch")
    }


def test_every_room_has_its_place_in_the_order() -> None:
    assert {folder.parent.name for folder in ROOMS.glob("*/__init__.py")} == set(ORDER)


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    before = set(ORDER[: ORDER.index(room) + 1])
    for module in imported(room):
        if module.startswith("tierwatch.evaluation."):
            assert module.split(".")[2] in before, f"{room} imports {module}"


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_nothing_of_the_project_above_the_judgement(room: str) -> None:
    for module in imported(room):
        top = ".".join(module.split(".")[:2])
        assert top in BESIDE | {"tierwatch.evaluation"}, f"{room} imports {module}"


@pytest.mark.parametrize("room", ORDER)
def test_a_room_says_in_one_paragraph_what_comes_in_and_what_goes_out(room: str) -> None:
    tree = ast.parse((ROOMS / room / "__init__.py").read_text())
    assert len(ast.get_docstring(tree) or "") > 60
    # Nothing else stands there: a room has no door of its own.
    assert len(tree.body) == 1

"""Rooms, stages and docs/statistics.md name each other."""

import ast
import re
from pathlib import Path

import pytest

import tierwatch.evaluation

ROOMS = Path(tierwatch.evaluation.__file__).parent
PAGE = ROOMS.parents[1] / "docs" / "statistics.md"
# Not part of the judgement's methods: how its bars are run, and the form its results travel in.
WITHOUT_HEADING = {"simulation", "evidence"}
NAMED = re.compile(r'docs/statistics\.md,\s+"([^"]+)"')


def headings() -> dict[str, set[str]]:
    """Each heading of the formulas, without its brackets, and the rooms in these."""
    found = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("### "):
            name, _, places = line.removeprefix("### ").partition(" (")
            found[name] = set(re.findall(r"`(\w+)/`", places))
    return found


def named_by(file: Path) -> list[tuple[str, str]]:
    """(function, heading) of each docstring that names one."""
    return [
        (getattr(node, "name", "module"), " ".join(heading.split()))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for heading in NAMED.findall(ast.get_docstring(node) or "")
    ]


@pytest.mark.parametrize(
    "file", sorted(ROOMS.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOMS))
)
def test_a_heading_that_a_docstring_names_is_on_the_page_and_is_its_rooms(file: Path) -> None:
    for function, heading in named_by(file):
        assert heading in headings(), f"{function} names {heading!r}"
        assert file.parent.name in headings()[heading], f"{function} is not of {heading!r}"


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("attribution/attribute.py", {"attribute", "parts_of"}),
        ("attribution/split.py", {"split_windows", "contrast"}),
        ("calibration/judge_calibration.py", {"calibrate", "counted_errors", "prefers_longer"}),
        ("counterfactual/overlap.py", {"missing_overlap"}),
        ("objectives/joint_choice.py", {"choose_jointly", "target_thresholds", "sequence_bounds"}),
        ("rates/double_sampling.py", {"estimate_rate", "corrected_rate", "stratum_draws"}),
        ("thresholds/fixed_sequence.py", {"run_sequence", "start_places"}),
    ],
)
def test_the_stages_name_their_heading(module: str, stages: set[str]) -> None:
    assert stages <= {function for function, _ in named_by(ROOMS / module)}


def test_each_room_has_its_heading_and_each_heading_its_room() -> None:
    rooms = {folder.parent.name for folder in ROOMS.glob("*/__init__.py")} - WITHOUT_HEADING
    assert set().union(*headings().values()) == rooms


def test_each_module_that_the_page_names_is_there() -> None:
    name, text = None, PAGE.read_text()
    for line in text[text.index("## The formulas") :].splitlines():
        if line.startswith("### "):
            name = line.removeprefix("### ").partition(" (")[0]
            continue
        for module in re.findall(r"`([a-z_]+\.py)`", line):
            assert name is not None
            assert any((ROOMS / room / module).exists() for room in headings()[name]), module

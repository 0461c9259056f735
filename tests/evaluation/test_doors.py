"""``tierwatch.evaluation``: its public names, their signatures, and that each comes when asked."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import tierwatch.evaluation
from tierwatch.evaluation import (
    InputDriftMonitor,
    MisrouteMonitor,
    attribute,
    choose_threshold,
    estimate_rate,
)

APP = Path(tierwatch.evaluation.__file__).parents[1]


def modules_after(lines: str) -> set[str]:
    """What a fresh process holds after these lines."""
    code = f"import json, sys\n{lines}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return set(json.loads(done.stdout))


def test_neither_numpy_nor_scipy_is_imported_until_a_name_is_asked_for() -> None:
    held = modules_after("import tierwatch.evaluation; dir(tierwatch.evaluation)")
    assert not {"numpy", "scipy"} & held
    assert {name for name in held if name.startswith("tierwatch.")} == {"tierwatch.evaluation"}
    assert {"numpy", "scipy"} <= modules_after("from tierwatch.evaluation import choose_threshold")


def test_an_alarm_needs_neither_numpy_nor_scipy() -> None:
    held = modules_after("from tierwatch.evaluation import MisrouteMonitor, InputDriftMonitor")
    assert not {"numpy", "scipy"} & held


@pytest.mark.parametrize("name", tierwatch.evaluation.__all__)
def test_each_name_is_the_one_of_its_module(name: str) -> None:
    found = getattr(tierwatch.evaluation, name)
    assert found.__name__ == name
    assert found is getattr(sys.modules[found.__module__], name)
    assert vars(tierwatch.evaluation)[name] is found


def test_a_wrong_name_is_told_the_right_ones() -> None:
    with pytest.raises(AttributeError, match=r"there are .*MisrouteMonitor"):
        tierwatch.evaluation.MisrootMonitor  # noqa: B018
    with pytest.raises(ImportError, match="MisrootMonitor"):
        exec("from tierwatch.evaluation import MisrootMonitor")  # noqa: S102


def test_dir_names_what_is_not_imported_yet() -> None:
    assert set(tierwatch.evaluation.__all__) <= set(dir(tierwatch.evaluation))


def test_what_type_checkers_read_is_what_is_exported() -> None:
    tree = ast.parse((APP / "evaluation" / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    read = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(read) == tierwatch.evaluation.__all__
    rooms = tierwatch.evaluation._ROOMS
    assert read == {name: f"tierwatch.evaluation.{room}" for name, room in rooms.items()}


def test_the_signatures_are_those_that_are_promised() -> None:
    """What CONTRACT promises callers: names, order, defaults."""

    def of(what: object) -> str:
        assert callable(what)
        parameters = inspect.signature(what).parameters.values()
        bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
        return str(inspect.Signature(bare))

    assert of(MisrouteMonitor) == "(tolerance, level=10000000.0, max_weight=1.0, together=0.0)"
    assert of(MisrouteMonitor.update) == "(self, loss, weight=1.0)"
    assert of(InputDriftMonitor.update) == "(self, confidence)"
    assert of(choose_threshold).startswith(
        "(confidences, losses, weights, *, alpha, delta, current, step, grid=0.01, max_weight=None"
    )
    assert of(estimate_rate).startswith("(judged, weights=None, strata=None, labels=None, *")
    assert of(attribute).startswith("(before, after, *, anchors=None, probes=None")


def test_no_module_of_ours_comes_in_by_the_door() -> None:
    inside = [
        str(file.relative_to(APP))
        for file in APP.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom)
        and node.module == "tierwatch.evaluation"
        and {alias.name for alias in node.names} & set(tierwatch.evaluation.__all__)
    ]
    assert inside == []

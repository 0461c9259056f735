"""The examples in the docstrings of the library and the judgement hold.

pytest's own ``--doctest-modules`` names a module by its folder (``app``); imported under that name
it would stand beside the installed ``tierwatch`` a second time, with classes of its own.
"""

import doctest
import importlib
import pkgutil

import pytest

import tierwatch.evaluation
import tierwatch.routing

PACKAGES = (tierwatch.routing, tierwatch.evaluation)
MODULES = sorted(
    found.name
    for package in PACKAGES
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_hold(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0, capsys.readouterr().out


def test_there_are_examples_to_try() -> None:
    tried = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in MODULES]
    assert sum(bool(test.examples) for tests in tried for test in tests) > 50

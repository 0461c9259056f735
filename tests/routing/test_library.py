"""The library as its page shows it: the examples run, and nothing of the service is imported."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
PAGE = REPOSITORY / "docs" / "library.md"

# What pydantic and PyYAML are made of; nothing else is imported to read a file.
READS_A_FILE = {
    "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection",
    "yaml", "cython_runtime",
}  # fmt: skip
# The standard library's ways to a network or a database.
OUTSIDE = {"socket", "ssl", "http", "sqlite3", "asyncio"}

# Prints every top-level module that the lines brought in.
FRESH = """
import json, sys
before = set(sys.modules)
{lines}
new = {{name.partition(".")[0] for name in sys.modules.keys() - before}}
ours = sorted(name for name in sys.modules if name.startswith("tierwatch."))
print(json.dumps([sorted(new), ours]))
"""

FROM_CONFIG = """
from tierwatch.routing import Router
router = Router.from_config("tierwatch.yaml")
messages = [{"role": "user", "content": "What is the capital of France?"}]
decision = router.route(messages)
assert (decision.tier, decision.model, decision.reason) == ("simple", "small-1", "kept")
"""

FROM_VALUES = """
from tierwatch.routing import (
    ActivePolicies, LocalClassifier, LocalTierClassifier, Policy, Price, Router, Tier,
)
names = ("simple", "complex")
learned = LocalClassifier()
learned.learn("Prove it.", "worse")
learned.save("simple.model")
classifier = LocalTierClassifier(names, {"simple": LocalClassifier.load("simple.model")})
tiers = tuple(Tier(name, name, "", Price(1, 1)) for name in names)
router = Router(tiers, classifier, ActivePolicies(Policy(1, {"simple": 0.7})), "complex")
assert router.route([{"role": "user", "content": "Spell it."}]).tier in names
"""


def imported(lines: str, folder: Path) -> tuple[set[str], list[str]]:
    """Top-level modules that these lines import in a fresh process, and modules of ours."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH.format(lines=lines)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    new, ours = json.loads(done.stdout)
    return set(new), ours


def test_the_page_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0, capsys.readouterr().out
    assert tried > 20


def test_deciding_learning_and_saving_import_the_standard_library_only(tmp_path: Path) -> None:
    new, ours = imported(FROM_VALUES, tmp_path)
    assert new - sys.stdlib_module_names == {"tierwatch"}
    assert not new & OUTSIDE
    assert [name for name in ours if not name.startswith("tierwatch.routing")] == [
        "tierwatch.errors"
    ]


def test_five_lines_route_by_a_file_and_import_nothing_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(
        "routing:\n"
        "  tiers:\n"
        "    simple: {model: small-1, cost: 0.25}\n"
        "    complex: {model: large-1, cost: 15}\n"
    )
    new, ours = imported(FROM_CONFIG, tmp_path)
    third_party = {name for name in new - sys.stdlib_module_names if not name.startswith("_")}
    assert {"tierwatch", "yaml"} <= third_party <= {"tierwatch", *READS_A_FILE}
    assert [name for name in ours if not name.startswith("tierwatch.routing")] == [
        "tierwatch.errors"
    ]

"""``tierwatch.routing``: its public names, and that asking for none of them imports nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tierwatch.routing

FRESH = """
import json, sys
{lines}
print(json.dumps(sorted(sys.modules)))
"""


def modules(lines: str) -> set[str]:
    """What a fresh process holds after these lines."""
    code = FRESH.format(lines=lines)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return set(json.loads(done.stdout))


def test_importing_the_package_imports_no_room_of_it_and_nothing_from_outside() -> None:
    bare, held = modules(""), modules("import tierwatch.routing")
    assert {name for name in held if name.startswith("tierwatch")} == {
        "tierwatch",
        "tierwatch.routing",
    }
    brought = {name.partition(".")[0] for name in held - bare}
    assert brought - {"tierwatch"} <= sys.stdlib_module_names


@pytest.mark.parametrize("name", tierwatch.routing.__all__)
def test_each_name_comes_with_the_standard_library_only(name: str) -> None:
    bare, held = modules(""), modules(f"from tierwatch.routing import {name}")
    brought = {module.partition(".")[0] for module in held - bare}
    assert brought - {"tierwatch"} <= sys.stdlib_module_names
    outside = {module for module in held - bare if module.startswith("tierwatch.")}
    assert {module for module in outside if not module.startswith("tierwatch.routing")} <= {
        "tierwatch.errors"
    }


def test_a_name_is_made_once_and_then_held() -> None:
    from tierwatch.routing.router import Router

    assert tierwatch.routing.Router is Router
    assert vars(tierwatch.routing)["Router"] is Router


def test_every_public_name_can_be_asked_for_and_no_other() -> None:
    assert set(tierwatch.routing.__all__) <= set(dir(tierwatch.routing))
    for name in tierwatch.routing.__all__:
        assert getattr(tierwatch.routing, name).__name__ == name
    with pytest.raises(AttributeError, match=r"'tierwatch\.routing' has no attribute 'Rooter'"):
        tierwatch.routing.Rooter  # noqa: B018
    with pytest.raises(ImportError, match="Rooter"):
        from tierwatch.routing import Rooter  # type: ignore[attr-defined] # noqa: F401


def test_a_star_import_gives_the_public_names(tmp_path: Path) -> None:
    file = tmp_path / "star.py"
    file.write_text(
        "from tierwatch.routing import *\n"
        "print(*sorted(name for name in globals() if name[0].isupper()))\n"
    )
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(tierwatch.routing.__all__)

"""What pyproject.toml installs is what the folders hold."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
# Data of the package above them, which `package-data` names.
DATA = {"prompts", "static", "templates", "__pycache__"}


def folders(top: str, name: str) -> set[str]:
    """The packages of a folder, by the names they are installed under."""
    here = ROOT / top
    found = [here, *(one for one in here.rglob("*") if one.is_dir())]
    return {
        ".".join([name, *folder.relative_to(here).parts])
        for folder in found
        if not DATA & set(folder.parts) and any(one.is_file() for one in folder.iterdir())
    }


def test_every_folder_is_installed_under_our_own_name() -> None:
    expected = set()
    for name, top in SETUPTOOLS["package-dir"].items():
        expected |= folders(top, name)
    assert sorted(SETUPTOOLS["packages"]) == sorted(expected)


def test_no_name_is_one_that_other_projects_use() -> None:
    assert {name.split(".")[0] for name in SETUPTOOLS["packages"]} == {
        "tierwatch", "tierwatch_workers", "tierwatch_migrations", "tierwatch_evalsets",
    }  # fmt: skip

"""Versions are numbered in sequence, keep the house rules, and know no model classes."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "migrations" / "versions"


def test_versions_are_numbered_in_sequence_and_each_follows_the_last() -> None:
    files = sorted(FOLDER.glob("[0-9]*.py"))
    assert files
    assert sorted(FOLDER.glob("*.py")) == files
    for number, file in enumerate(files, 1):
        source = file.read_text(encoding="utf-8")
        assert re.fullmatch(rf"{number:04d}_[a-z0-9_]+\.py", file.name)
        assert re.search(rf'^revision = "{number:04d}"$', source, re.MULTILINE)
        before = f'"{number - 1:04d}"' if number > 1 else "None"
        assert re.search(rf"^down_revision = {before}$", source, re.MULTILINE)


def test_versions_limit_their_locks_and_import_nothing_of_the_app() -> None:
    for file in FOLDER.glob("[0-9]*.py"):
        source = file.read_text(encoding="utf-8")
        assert "lock_timeout" in source
        assert "statement_timeout" in source
        assert not re.search(
            r"^(from|import) (tierwatch|tierwatch_workers)\b", source, re.MULTILINE
        )

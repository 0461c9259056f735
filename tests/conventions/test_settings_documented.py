"""docs/settings.md is the table of settings, row by row."""

from pathlib import Path

from tierwatch.settings import settings_table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_stands_in_the_docs_with_its_default_and_help() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `TIERWATCH_")]
    expected = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {told} |"
        for name, default, told in settings_table()
    ]
    assert rows == expected

"""Words we do not use stand in no page, no command's output or help, no doc, no API prose.

docs/architecture.md has the table. What stands in brackets there says where a word is meant; a
word that is a common one elsewhere is looked for only in the phrases below.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from tierwatch.command import main

ROOT = Path(__file__).parents[2]
HEADING = "## Words we do not use"
# Words that mean something else too: each as it is used for what the table means.
PHRASES = {
    "lost": r"(?:proposals?|candidates?|rollouts?|models?) (?:that )?(?:(?:was|has|have) )?lost",
    "told": r"(?:alerts?|people|destinations?|webhooks?|nobody)[^.\n]{0,30} told|told of",
    "a look": r"\b(?:one|a|each|every|per) look\b(?! at)",
    "looks": r"\b(?:all|between|of the|these) looks\b",
    "in all": r"\bin all\b(?! (?:other|cases|tiers|processes|languages|of|the|three|four|its))",
}


def words() -> dict[str, str]:
    """The banned words, each with what to write instead."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, found, rest = page.partition(HEADING)
    assert found, "docs/architecture.md has the table"
    table = rest.partition("\n## ")[0]
    rows = re.findall(r"^\| (?!instead of|-)([^|]+?) \| ([^|]+?) \|$", table, re.MULTILINE)
    return {
        word.strip(): instead
        for listed, instead in rows
        for word in re.sub(r" \([^)]*\)", "", listed).split(",")
    }


def pattern(word: str) -> re.Pattern[str]:
    return re.compile(PHRASES.get(word, rf"\b{re.escape(word)}\b"), re.IGNORECASE)


def strings(path: Path, *, docstrings: bool) -> Iterator[str]:
    """The strings of a module: all but the docstrings, or only those."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if text and (id(node) in own) == docstrings:
            yield node.value


def helps(command: click.Command) -> Iterator[str]:
    """What `--help` says of a command and of those below it."""
    context = click.Context(command)
    yield command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from helps(inner)


@cache
def shown() -> dict[str, str]:
    """What people read, by where it stands."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    pages += sorted((ROOT / "app" / "dashboard" / "templates").glob("*.html"))
    found = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in pages}
    before, _, rest = found["docs/architecture.md"].partition(HEADING)
    # Without its table of the words.
    found["docs/architecture.md"] = before + rest.partition("\n## ")[2]
    found["tierwatch --help"] = "\n".join(helps(main))
    # The code's sentences become alerts, pages, errors, the API's prose and the commands' output.
    for file in sorted((ROOT / "app").rglob("*.py")):
        found[str(file.relative_to(ROOT))] = "\n".join(strings(file, docstrings=False))
    return found


@pytest.mark.parametrize("word", words())
def test_a_word_we_do_not_use_is_shown_nowhere(word: str) -> None:
    said = [
        f"{where}: {match[0]!r}"
        for where, text in shown().items()
        for match in pattern(word).finditer(text)
    ]
    assert not said, f"we write {words()[word]}"


@pytest.mark.parametrize("phrase", ["in force", "gives way", "give way"])
def test_docstrings_use_the_field_s_words(phrase: str) -> None:
    files = [*sorted((ROOT / "app").rglob("*.py")), *sorted((ROOT / "workers").rglob("*.py"))]
    said = [
        str(file.relative_to(ROOT))
        for file in files
        if any(phrase in " ".join(text.split()) for text in strings(file, docstrings=True))
    ]
    assert not said


def test_the_table_is_read_whole() -> None:
    found = words()
    assert found["in force"] == "active"
    assert {"gives way", "gave way", "told", "in all"} <= set(found)

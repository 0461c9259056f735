"""The group: every command has a file of its name, asks for little to say what it takes."""

import subprocess
import sys
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tierwatch.command import main

FOLDER = Path(__file__).parents[2] / "app" / "command"
# What a person who asks for help need not wait for.
HEAVY = (
    "numpy",
    "scipy",
    "sqlalchemy",
    "celery",
    "flask",
    "starlette",
    "aiohttp",
    "pydantic",
    "rich",
)


def leaves(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command line that does something."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from leaves(inner, *path, name)
    else:
        yield path


CONTEXT = click.Context(main)


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_the_listing_of_the_folder_says_which_file_runs(name: str) -> None:
    file = f"{name.replace('-', '_')}{'_' * iskeyword(name)}.py"
    folders = ("", "serve", "alerts", "importing", "plan", "propose", "setup")
    places = [FOLDER / folder / file for folder in folders]
    (found,) = [path for path in places if path.exists()]
    command = main.get_command(CONTEXT, name)
    assert command is not None
    assert command.name == name
    module = command.callback.__module__
    assert module.split(".")[2:] == list(found.relative_to(FOLDER).with_suffix("").parts)


@pytest.mark.parametrize("path", list(leaves(main)), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*path, "--help"])
    assert done.exit_code == 0
    usage, _, told = done.output.partition("\n\n")
    assert usage.startswith(f"Usage: main {' '.join(path)}")
    assert told.strip()[0].isupper()
    assert "-h" in CliRunner().invoke(main, [*path, "-h"]).output


def test_help_needs_no_library_of_the_work() -> None:
    ask = (
        "import sys; from click.testing import CliRunner; from tierwatch.command import main;"
        "assert CliRunner().invoke(main, ['check', '--help']).exit_code == 0;"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", ask], capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(done.stdout.split())


@pytest.mark.parametrize(
    ("asked", "code", "what"),
    [
        (["--version"], 0, "version 0."),
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["types", "--colour"], 2, "No such option"),
        (["replay"], 2, "Missing argument 'FILE'"),
        (["import", "pyproject.toml"], 2, "Missing option '--source'"),
        (["users", "add", "ada", "--role", "king"], 2, "'king' is not one of 'viewer'"),
    ],
)
def test_wrong_use_is_exit_code_2(asked: list[str], code: int, what: str) -> None:
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == code
    assert what in done.output


def test_the_list_of_commands_says_whole_sentences() -> None:
    said = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    assert "..." not in said.partition("Commands:")[2]
    assert "check Say whether FILE is a configuration we accept, and what it means." in said

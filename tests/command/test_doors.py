"""The group imports a command once it is asked for, and only that one."""

import subprocess
import sys

import click
import pytest

from tierwatch.command import main

CONTEXT = click.Context(main)


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_each_name_is_its_commands_own(name: str) -> None:
    found = main.get_command(CONTEXT, name)
    assert found is not None
    assert found.name == name


def test_names_come_in_the_order_of_help() -> None:
    names = main.list_commands(CONTEXT)
    assert names == sorted(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["", "nonsense", "replay_policy", "terminal", "serve.gateway"])
def test_a_module_that_is_no_command_is_none(name: str) -> None:
    assert main.get_command(CONTEXT, name) is None


@pytest.mark.parametrize(
    ("asked", "imported"),
    [("gateway", "serve.gateway"), ("check", "check"), ("notify", "alerts.notify")],
)
def test_one_command_imports_no_other(asked: str, imported: str) -> None:
    program = f"""
import sys
import click
from tierwatch.command import main
context = click.Context(main)
names = set(main.list_commands(context))
main.get_command(context, {asked!r})
start = "tierwatch.command."
found = [name.removeprefix(start) for name in sys.modules if name.startswith(start)]
print(*sorted(n for n in found if n.rpartition(".")[2].replace("_", "-") in names))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [imported]

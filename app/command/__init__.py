"""The ``tierwatch`` command: what a person types comes in, text and an exit code go out.

A file here is a command and holds its options and what it prints, but for `terminal`, `database`
and what ``doctor`` checks (`examine`); the processes of a deployment are in `serve`. A command
imports what it runs when it runs, so that none waits for another's libraries. Exit 0 success, 1 a
failure of the work, 2 wrong use. Nothing imports this package but the entry point, ``python -m
tierwatch``, tests and benchmarks.
"""

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from types import MappingProxyType

import click

# Where each stands under this package; a name's hyphens are its module's underscores, and a word of
# Python has one behind it.
_FOLDERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("beat", "dashboard", "gateway", "intake", "recorded", "worker"), "serve."),
        "notify": "alerts.",
        **dict.fromkeys(("import", "pull"), "importing."),
        "judges": "plan.",
        "plan": "plan.",
        **dict.fromkeys(("propose-model", "propose-threshold", "router-diff"), "propose."),
        **dict.fromkeys(("completion", "init"), "setup."),
        **dict.fromkeys(("check", "demo", "doctor", "migrate", "replay", "replay-policy"), ""),
        **dict.fromkeys(("simulate", "tokens", "train", "types", "up", "users"), ""),
    }
)

_LONGEST = 200


class _Commands(click.Group):
    """Imports a command once it is asked for: a gateway needs none of the others' modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of help."""
        del ctx
        return sorted(_FOLDERS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its whole first sentence: click would cut it at the edge."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, one.get_short_help_str(_LONGEST)) for name, one in commands if one]
            )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None where there is none."""
        del ctx
        if cmd_name not in _FOLDERS:
            return None
        module = cmd_name.replace("-", "_") + "_" * iskeyword(cmd_name)
        place = f"{__name__}.{_FOLDERS[cmd_name]}{module}"
        command: click.Command = import_module(place).command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tierwatch")
def main() -> None:
    """Watches an LLM router: finds misroutes and overspend, and proposes better thresholds."""

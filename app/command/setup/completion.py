"""`tierwatch completion`: what a shell needs to complete our commands and options."""

import click

_HOW = {
    "bash": 'eval "$(tierwatch completion bash)"  # in ~/.bashrc; bash 4.4 or newer',
    "zsh": 'eval "$(tierwatch completion zsh)"  # in ~/.zshrc, behind compinit',
    "fish": "tierwatch completion fish > ~/.config/fish/completions/tierwatch.fish",
}


@click.command("completion", epilog="  \n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(sorted(_HOW)))
def command(shell: str) -> None:
    """Print the completion of SHELL: bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    from tierwatch.command import main

    kind = get_completion_class(shell)
    if kind is None:  # click knows all three
        raise click.UsageError(f"click has no completion for {shell}")
    # Not `.source()`: bash's asks the bash on the path for its version, and a script may be printed
    # on one machine for another.
    maker = kind(main, {}, "tierwatch", "_TIERWATCH_COMPLETE")
    click.echo(maker.source_template % maker.source_vars())

"""`tierwatch doctor`: everything a running tierwatch needs, and what is wrong with it."""

import os
import sys

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import read_settings


@click.command("doctor")
@ends_in_a_sentence
def command() -> None:
    """Look at everything a running tierwatch needs, and say what is wrong."""
    from tierwatch.command.examine import findings

    found = findings(read_settings(), os.environ)
    for finding in found:
        word = "FAIL" if not finding.ok else "warn" if finding.warning else "ok  "
        say(f"{word} {finding.what}: {finding.detail}")
    sys.exit(0 if all(finding.ok for finding in found) else 1)

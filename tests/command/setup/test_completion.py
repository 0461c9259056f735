"""The completion that is printed completes our commands and options, in the shell itself."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main

SHELLS = ("bash", "fish", "zsh")


def _script(shell: str) -> str:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_the_command(shell: str) -> None:
    assert "tierwatch" in _script(shell)
    assert "_TIERWATCH_COMPLETE" in _script(shell)


def test_another_shell_is_wrong_use() -> None:
    done = CliRunner().invoke(main, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "bash" in done.output


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_reads_it(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(_script(shell))
    subprocess.run([shell, "-n", str(script)], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("words", "offered"), [("tierwatch che", "check"), ("tierwatch init --from", "--from-litellm")]
)
def test_bash_gets_what_fits(words: str, offered: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "tierwatch"],
        env={
            "_TIERWATCH_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"plain,{offered}" in done.stdout.splitlines(), done.stderr

"""aider: a question, and an edit that it applies."""

import tempfile
from pathlib import Path

import commands
import driving

EDIT = (
    "[[say a.py\n```python\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n```\n]] "
    "Set x to 2."
)


def aider(url, question, home):
    Path(home, "a.py").write_text("x = 1\n")
    return commands.run(
        str(commands.BIN / "aider"),
        "--model",
        f"openai/{driving.MODEL}",
        "--yes-always",
        "--no-git",
        "--no-check-update",
        "--no-show-model-warnings",
        "--no-analytics",
        "--edit-format",
        "diff",
        "--no-pretty",
        "--no-suggest-shell-commands",
        "--message",
        question,
        "a.py",
        env={"OPENAI_API_BASE": f"{url}/v1", "OPENAI_API_KEY": driving.KEY},
        home=home,
    )


def chat(url):
    with tempfile.TemporaryDirectory() as home:
        driving.plain(aider(url, driving.PLAIN, home))


def structured(url):
    """An edit applied."""
    with tempfile.TemporaryDirectory() as home:
        told = aider(url, EDIT, home)
        driving.check(Path(home, "a.py").read_text() + told, "x = 2")


driving.drive(chat=chat, structured=structured)

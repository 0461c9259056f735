"""aider: questions, an edit that it applies, a picture. It offers no tools to a model."""

import base64
import json
import tempfile
from pathlib import Path

import commands
import driving

EDIT = (
    "[[say a.py\n```python\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n```\n]] "
    "Set x to 2."
)
MODEL = f"openai/{driving.MODEL}"
# aider shows pictures to models that it knows to see them.
SEES = {MODEL: {"supports_vision": True, "litellm_provider": "openai", "mode": "chat"}}


def aider(url, question, home, *more):
    Path(home, "a.py").write_text("x = 1\n")
    Path(home, "sees.json").write_text(json.dumps(SEES))
    return commands.run(
        str(commands.BIN / "aider"),
        "--model",
        MODEL,
        "--model-metadata-file",
        "sees.json",
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
        *more,
        "a.py",
        # LiteLLM, below aider, fetches a list of prices otherwise.
        env={
            "OPENAI_API_BASE": f"{url}/v1",
            "OPENAI_API_KEY": driving.KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        home=home,
    )


def asked(url, question, *more):
    with tempfile.TemporaryDirectory() as home:
        return aider(url, question, home, *more)


def structured(url):
    """An edit applied."""
    with tempfile.TemporaryDirectory() as home:
        told = aider(url, EDIT, home)
        driving.check(Path(home, "a.py").read_text() + told, "x = 2")


def image(url):
    with tempfile.TemporaryDirectory() as home:
        Path(home, "a.png").write_bytes(base64.b64decode(driving.PNG))
        driving.seen(aider(url, driving.PICTURE, home, "a.png"))


driving.drive(
    chat=lambda url: driving.plain(asked(url, driving.PLAIN, "--no-stream")),
    stream=lambda url: driving.plain(asked(url, driving.PLAIN, "--stream")),
    structured=structured,
    image=image,
    fifty=lambda url: commands.fifty(url, lambda q: asked(url, q)),
)

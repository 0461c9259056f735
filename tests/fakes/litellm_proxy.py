"""A LiteLLM proxy of its own: where it comes from, and one that logs to an intake.

Its program is `LITELLM_PROGRAM` where that is set, else a virtual environment is made with
the current release, which needs a package registry and a minute.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

MASTER = "sk-of-the-proxy-0123456789"


def litellm_program(folder: Path) -> str:
    """The proxy's program; the test is skipped where it cannot be had."""
    if given := os.environ.get("LITELLM_PROGRAM"):
        return given
    venv = folder / "litellm"
    for command in (
        [sys.executable, "-m", "venv", str(venv)],
        [str(venv / "bin" / "pip"), "install", "--quiet", "litellm[proxy]"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no LiteLLM can be installed: {done.stderr[-200:]}")
    return str(venv / "bin" / "litellm")


def proxy_command(
    program: str, file: Path, *, port: int, models: Mapping[str, str], provider: str, intake: str
) -> list[str]:
    """The command of a proxy whose configuration is written to a file.

    Args:
        program: of LiteLLM.
        file: its configuration; JSON is YAML.
        port: that it listens on.
        models: by alias, the model that stands behind it.
        provider: the address of what serves them.
        intake: where the callback of docs/sources/litellm.md sends.
    """
    behind = {"api_base": provider, "api_key": "k"}
    callback = {
        "callback_type": "generic_api",
        "endpoint": f"{intake}/litellm",
        "headers": {"X-From": "litellm"},
        "max_retries": 5,
        "retry_delay": 1,
    }
    document = {
        "model_list": [
            {"model_name": alias, "litellm_params": {"model": f"openai/{model}", **behind}}
            for alias, model in models.items()
        ],
        "litellm_settings": {"callbacks": ["tierwatch"], "num_retries": 2},
        "callback_settings": {"tierwatch": callback},
    }
    file.write_text(json.dumps(document))
    return [program, "--config", str(file), "--port", str(port), "--host", "127.0.0.1"]


def proxy_environment(key: str, home: Path) -> dict[str, str]:
    """What is added to its environment: the key of the intake, and no calls home."""
    return {
        "HOME": str(home),
        "LITELLM_MASTER_KEY": MASTER,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "GENERIC_LOGGER_HEADERS": f"Authorization=Bearer {key}",
    }

"""A configuration that can serve traffic, or why it cannot."""

from pathlib import Path
from typing import TYPE_CHECKING

from tierwatch.errors import UsageError

if TYPE_CHECKING:
    from tierwatch.config import Config


def serving_config(path: Path) -> "Config":
    """Load a configuration that can serve traffic.

    Raises:
        ConfigError: it is not accepted.
        UsageError: a tier has no provider to call.
    """
    from tierwatch.config import load_config

    config = load_config(path)
    if config.missing_providers:
        raise UsageError(
            f"{path}: no provider for {', '.join(config.missing_providers)}; add one under"
            " `providers`, as openai: {kind: openai, api_key: env:OPENAI_API_KEY}"
        )
    return config

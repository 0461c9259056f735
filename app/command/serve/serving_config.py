"""A configuration that can serve traffic: accepted, and every model has a provider."""

from pathlib import Path

from tierwatch.config import Config, load_config
from tierwatch.errors import UsageError


def serving_config(path: Path) -> Config:
    """Load a configuration that can serve traffic.

    Raises:
        ConfigError: it is not accepted.
        UsageError: a tier has no provider to call.
    """
    config = load_config(path)
    if config.missing_providers:
        raise UsageError(
            f"{path}: no provider for {', '.join(config.missing_providers)}; add one under"
            " `providers`, as openai: {kind: openai, api_key: env:OPENAI_API_KEY}"
        )
    return config

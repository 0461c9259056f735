"""Where a provider takes chats, and with what headers."""

from collections.abc import Mapping

from tierwatch.config import ProviderConfig
from tierwatch.wire.chat import ANTHROPIC

_ANTHROPIC_VERSION = "2023-06-01"


def chat_url(config: ProviderConfig) -> str:
    """The address that chats are posted to."""
    base = config.base_url.rstrip("/")
    if config.kind == ANTHROPIC:
        return f"{base.removesuffix('/v1')}/v1/messages"
    return f"{base}/chat/completions"


def chat_headers(config: ProviderConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers that every call carries, the provider's key among them.

    Raises:
        SettingsError: the key's variable is not set.
    """
    key = config.api_key.reveal(environ) if config.api_key is not None else ""
    headers = {"content-type": "application/json", "user-agent": "tierwatch"}
    if config.kind == ANTHROPIC:
        headers["anthropic-version"] = _ANTHROPIC_VERSION
        if key:
            headers["x-api-key"] = key
    elif key:
        headers["authorization"] = f"Bearer {key}"
    return headers

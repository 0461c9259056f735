"""Where a provider takes chats, on which way, and with what headers."""

from collections.abc import Mapping

from tierwatch.client.proxy import Proxy, read_proxy
from tierwatch.config import ProviderConfig
from tierwatch.errors import SettingsError
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.wires import WIRES

COUNT_TOKENS = "count_tokens"
# What is passed on to providers of each kind, and its path behind the version.
_PASSED: Mapping[str, Mapping[str, str]] = {
    OPENAI: {name: name for name in ("embeddings", "completions", "moderations")},
    ANTHROPIC: {COUNT_TOKENS: "messages/count_tokens"},
}


def spoken_wire(config: ProviderConfig, caller: str) -> str:
    """The wire of a call: the caller's own where the provider speaks it, else the provider's."""
    return caller if caller in config.wires else config.kind


def chat_url(config: ProviderConfig, wire: str = "") -> str:
    """The address that chats are posted to on a wire; on that of its kind where none is said."""
    return WIRES[wire or config.kind].chat_url(config.base_url)


def passed_urls(config: ProviderConfig) -> dict[str, str]:
    """Where a provider takes what is passed on to it, by what that is."""
    wire = WIRES[config.kind]
    base = wire.chat_url(config.base_url).removesuffix(wire.route.removeprefix("/v1"))
    return {name: f"{base}/{path}" for name, path in _PASSED[config.kind].items()}


def chat_proxy(config: ProviderConfig, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that calls go through, if any.

    Raises:
        SettingsError: its variable is not set, or holds no address of a proxy.
    """
    if config.proxy is None:
        return None
    try:
        return read_proxy(config.proxy.reveal(environ))
    except ValueError as error:
        raise SettingsError(f"{config.proxy.place}: {error}") from None


def chat_headers(config: ProviderConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers that every call carries, the provider's key among them.

    Raises:
        SettingsError: the key's variable is not set.
    """
    key = config.api_key.reveal(environ) if config.api_key is not None else ""
    headers = {"content-type": "application/json", "user-agent": "tierwatch"}
    return headers | WIRES[config.kind].auth_headers(key)

"""Where a provider takes chats, on which way, and with what headers."""

from typing import Any

import pytest

from tierwatch.config.providers import ProviderConfig
from tierwatch.errors import SettingsError
from tierwatch.providers.endpoint import chat_headers, chat_proxy, chat_url, spoken_wire


def provider(kind: str, **more: Any) -> ProviderConfig:
    return ProviderConfig.model_validate({"kind": kind, **more})


@pytest.mark.parametrize(
    ("kind", "base_url", "url"),
    [
        ("openai", "https://x.test/v1", "https://x.test/v1/chat/completions"),
        ("openai", "https://x.test/v1/", "https://x.test/v1/chat/completions"),
        ("anthropic", "https://x.test", "https://x.test/v1/messages"),
        ("anthropic", "https://x.test/v1", "https://x.test/v1/messages"),
        ("anthropic", "https://x.test/v1/", "https://x.test/v1/messages"),
        ("anthropic", "https://x.test/proxy/v1", "https://x.test/proxy/v1/messages"),
    ],
)
def test_the_address_is_below_the_base(kind: str, base_url: str, url: str) -> None:
    assert chat_url(provider(kind, base_url=base_url)) == url


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("openai", ("authorization", "Bearer secret")), ("anthropic", ("x-api-key", "secret"))],
)
def test_a_key_is_shown_as_each_wire_wants_it(kind: str, shown: tuple[str, str]) -> None:
    headers = chat_headers(provider(kind, api_key="env:KEY"), {"KEY": "secret"})
    assert shown in headers.items()
    assert ("anthropic-version" in headers) == (kind == "anthropic")
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_without_a_key_none_is_shown(kind: str) -> None:
    assert not chat_headers(provider(kind), {}).keys() & {"authorization", "x-api-key"}


def test_a_missing_key_is_said_by_the_name_of_its_variable() -> None:
    with pytest.raises(SettingsError, match="NOT_SET"):
        chat_headers(provider("openai", api_key="env:NOT_SET"), {})


def test_no_proxy_is_asked_unless_it_is_named() -> None:
    assert chat_proxy(provider("openai"), {"HTTPS_PROXY": "http://proxy"}) is None
    found = chat_proxy(provider("openai", proxy="env:HTTPS_PROXY"), {"HTTPS_PROXY": "http://proxy"})
    assert found is not None
    assert (found.host, found.port) == ("proxy", 3128)


@pytest.mark.parametrize("environ", [{}, {"OUT": ""}, {"OUT": "socks5://us:hunter2@proxy"}])
def test_a_proxy_that_cannot_be_used_is_said_by_the_name_of_its_variable(
    environ: dict[str, str],
) -> None:
    with pytest.raises(SettingsError, match="OUT") as caught:
        chat_proxy(provider("openai", proxy="env:OUT"), environ)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "wires"),
    [
        ({"kind": "openai"}, ("openai", "responses")),
        ({"kind": "openai", "base_url": "https://api.openai.com/v1/"}, ("openai", "responses")),
        ({"kind": "openai", "responses": False}, ("openai",)),
        ({"kind": "openai", "base_url": "https://x.test/v1"}, ("openai",)),
        (
            {"kind": "openai", "base_url": "https://x.test/v1", "responses": True},
            ("openai", "responses"),
        ),
        ({"kind": "anthropic"}, ("anthropic",)),
    ],
)
def test_a_provider_speaks_the_wire_of_its_kind_and_perhaps_responses(
    config: dict[str, Any], wires: tuple[str, ...]
) -> None:
    speaks = ProviderConfig.model_validate(config)
    assert speaks.wires == wires
    for caller in ("openai", "anthropic", "responses"):
        assert spoken_wire(speaks, caller) == (caller if caller in wires else wires[0])
    assert chat_url(speaks, wires[-1]).endswith(
        {"responses": "/responses", "openai": "/chat/completions", "anthropic": "/messages"}[
            wires[-1]
        ]
    )

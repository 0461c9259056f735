"""Where a deployment of LiteLLM's is, in our words: wire, address and the key's variable."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tierwatch.command.setup.draft import DraftProvider
from tierwatch.config.urls import read_url

_ENV = re.compile(r"os\.environ/(?P<name>[A-Za-z_][A-Za-z0-9_]*)")

# Vendors that take OpenAI's wire: prefix of LiteLLM's -> address and variable of the key, as
# LiteLLM and the vendors name them (their own documentation, November 2026).
_COMPATIBLE: Mapping[str, tuple[str, str]] = {
    "openai": ("", "OPENAI_API_KEY"),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks_ai": ("https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"),
    "gemini": ("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": ("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together_ai": ("https://api.together.xyz/v1", "TOGETHERAI_API_KEY"),
    "xai": ("https://api.x.ai/v1", "XAI_API_KEY"),
}
# Servers of one's own, which need an address and as a rule no key.
_OWN = {"hosted_vllm", "lm_studio", "openai_like", "custom_openai"}
_GUESSES = {
    "claude-": "anthropic",
    "gpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment.

    Attributes:
        provider: where it is; its name is a proposal.
        model: what it is called there.
        notes: what of it could not be carried over.
    """

    provider: DraftProvider
    model: str
    notes: tuple[str, ...] = ()


def place_of(params: Mapping[str, Any]) -> Place | str:
    """The place that `litellm_params` name, or why there is none in our words."""
    named = str(params.get("model") or "").strip()
    if not named or "*" in named:
        return "names no single model" if named else "names no model"
    vendor, model = _vendor(named, str(params.get("custom_llm_provider") or ""))
    address = params.get("api_base") or params.get("base_url")
    if vendor == "anthropic":
        kind: Literal["openai", "anthropic"] = "anthropic"
        base, usual = "", "ANTHROPIC_API_KEY"
    elif vendor in _COMPATIBLE:
        kind, (base, usual) = "openai", _COMPATIBLE[vendor]
    elif vendor in _OWN or (not vendor and address):
        kind, base, usual = "openai", "", ""
        if not address:
            return f"is at {vendor} without an api_base"
    else:
        return (
            f"is at {vendor}, whose wire is neither OpenAI's nor Anthropic's"
            if vendor
            else "does not say which vendor it is at"
        )
    if address:
        try:
            base = read_url(address)
        except ValueError:
            return "has an api_base that is no address without user and password"
        if kind == "anthropic":
            base = base.removesuffix("/v1/messages").removesuffix("/v1")
    key, notes = _key(params.get("api_key"), usual, own=bool(address))
    if not model.strip():
        return "names no model"
    return Place(DraftProvider(vendor or "own", kind, base, key), model.strip(), notes)


def _vendor(named: str, custom: str) -> tuple[str, str]:
    if custom:
        return custom, named.removeprefix(f"{custom}/")
    prefix, slash, rest = named.partition("/")
    if slash:
        return prefix, rest
    for start, vendor in _GUESSES.items():
        if named.startswith(start):
            return vendor, named
    return "", named


def _key(given: object, usual: str, *, own: bool) -> tuple[str, tuple[str, ...]]:
    """The variable of the key, and what a person has to do about it."""
    text = given.strip() if isinstance(given, str) else ""
    match = _ENV.fullmatch(text)
    if match:
        return match["name"], ()
    if text:
        name = usual or "OWN_API_KEY"
        return name, (f"its key stands in the file and is not repeated: put it into {name}",)
    return ("" if own else usual), ()

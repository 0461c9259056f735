r"""Make `app/fit/models.jsonl`: what models take, of two published tables, without the rest.

Give it the map of a LiteLLM release (MIT), the file `model_prices_and_context_window_backup.json`
in its wheel, with the release's number and day:

    pip download --no-deps litellm && unzip -p litellm-*.whl \
        litellm/model_prices_and_context_window_backup.json > map.json
    python benchmarks/model_facts.py map.json 1.110.2 2026-11-30 > app/fit/models.jsonl

A model's own vendor is believed and no host of it, since hosts differ. Context windows that the map
does not have come from the installed genai-prices (MIT). The first line names the sources.
"""

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genai_prices import data

from tierwatch.routing.facts import EFFORTS
from tierwatch.routing.tiers import resolved_model

# In this order: the first who knows a name is believed.
_VENDORS = (
    "openai",
    "anthropic",
    "gemini",
    "mistral",
    "xai",
    "deepseek",
    "cohere_chat",
    "moonshot",
    "zai",
    "dashscope",
    "minimax",
    "amazon_nova",
)
_PRICED_VENDORS = ("openai", "anthropic", "google", "mistral", "x-ai", "deepseek", "cohere")
# These two say of every model what it has, so that what they leave out is lacking.
_COMPLETE = ("openai", "anthropic")
_SAID = {
    "images": "supports_vision",
    "files": "supports_pdf_input",
    "audio": "supports_audio_input",
    "tools": "supports_function_calling",
    "forced_tools": "supports_forced_tool_use",
    "prefill": "supports_assistant_prefill",
}


def main(path: str, version: str, day: str) -> None:
    """Print the table."""
    published = json.loads(Path(path).read_text("utf-8"))
    models: dict[str, dict[str, Any]] = {}
    for vendor in _VENDORS:
        for name, entry in published.items():
            if entry.get("litellm_provider") == vendor and entry.get("mode") in {
                "chat",
                "responses",
            }:
                exact = name.rsplit("/", 1)[-1].lower()
                facts = dict(_facts(vendor, entry))
                # A dated name counts where it differs from the model that it is one of.
                models.setdefault(resolved_model(name), facts)
                if models[resolved_model(name)] != facts:
                    models.setdefault(exact, facts)
    for name, context in _contexts():
        models.setdefault(name, {}).setdefault("context", context)
    print(
        json.dumps(
            {
                "sources": {
                    "litellm": f"{version}, {day}, MIT, (c) Berri AI",
                    "genai-prices": f"{importlib.metadata.version('genai-prices')}, MIT, (c) "
                    "Pydantic Services Inc. (context windows of other models)",
                }
            }
        )
    )
    for name in sorted(models):
        if models[name]:
            print(json.dumps({"model": name, **models[name]}, separators=(",", ":")))


def _facts(vendor: str, entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for ours, theirs in (("context", "max_input_tokens"), ("output", "max_output_tokens")):
        if isinstance(entry.get(theirs), int) and entry[theirs] > 0:
            yield ours, entry[theirs]
    for ours, theirs in _SAID.items():
        if theirs in entry:
            yield ours, bool(entry[theirs])
    if vendor in _COMPLETE and "supports_vision" not in entry:
        yield "images", False
    if vendor == "anthropic":
        yield from _of_claude(entry)
    elif vendor == "openai":
        yield "structured_output", bool(entry.get("supports_response_schema"))
        yield from _of_gpt(entry)


def _of_claude(entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    adaptive, older = entry.get("supports_adaptive_thinking"), entry.get("supports_legacy_thinking")
    if entry.get("thinking_always_on"):
        yield "thinking", "always"
    elif adaptive:
        yield "thinking", "both" if older else "adaptive"
    else:
        yield "thinking", "enabled" if entry.get("supports_reasoning") else "none"
    levels = ["low", "medium", "high"] if entry.get("supports_output_config") else []
    yield "effort", levels + [one for one in ("xhigh", "max") if entry.get(_takes(one))]
    if entry.get("supports_sampling_params") is False:
        yield "temperature", "default"
    yield "late_system", bool(entry.get("supports_mid_conversation_system"))
    yield "structured_output", bool(entry.get("supports_native_structured_output"))


def _of_gpt(entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if not entry.get("supports_reasoning"):
        yield "effort", []
        return
    said = {one: entry.get(_takes(one)) for one in EFFORTS}
    if any(value is not None for value in said.values()):
        plain = ("low", "medium", "high")
        yield "effort", [one for one in EFFORTS if said[one] or one in plain]


def _takes(level: str) -> str:
    return f"supports_{level}_reasoning_effort"


def _contexts() -> Iterator[tuple[str, int]]:
    for provider in data.providers:
        if provider.id in _PRICED_VENDORS:
            for model in provider.models:
                if model.context_window:
                    yield resolved_model(model.id), model.context_window


if __name__ == "__main__":
    main(*sys.argv[1:])

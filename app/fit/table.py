"""What models take, by their names: two published tables, and what we know of families.

``models.jsonl`` is made by ``benchmarks/model_facts.py``; its first line names its sources.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from tierwatch.routing.facts import UNKNOWN, Facts
from tierwatch.routing.tiers import Tier, resolved_model
from tierwatch.wire.chat import ANTHROPIC

# What no model on Anthropic's wire has, since the wire has no word for it.
_WIRE = {ANTHROPIC: Facts(audio=False, n=False, logprobs=False)}

# What vendors say in words, of all models of a family; the first that fits a name holds.
# OpenAI, guide on reasoning models and errors of its API: no temperature, stop, log-probabilities
# and penalties, `max_completion_tokens` alone, instructions as developer or system. From gpt-5.1
# on sampling is taken while effort is none, so nothing is said of it here.
_REASONS = Facts(limit="max_completion_tokens", stop=False, prefill=False)
_REASONS_ALWAYS = _REASONS._replace(temperature="default", logprobs=False)
_FAMILIES: tuple[tuple[re.Pattern[str], Facts], ...] = tuple(
    (re.compile(pattern), facts)
    for pattern, facts in (
        # "chat" models answer at once and take what gpt-4o takes, but for the name of the limit.
        (r"gpt-5(?:\.\d)?-chat", Facts(limit="max_completion_tokens", effort=(), prefill=False)),
        (r"gpt-5(?:-|$)", _REASONS_ALWAYS),
        (r"gpt-(?:5\.|[6-9])", _REASONS),
        (r"o[1345](?:-|$)", _REASONS_ALWAYS),
        # They read a last assistant's turn as history and do not go on with it.
        (r"(?:gpt-|chatgpt-)(?!oss)", Facts(effort=(), prefill=False, logprobs=True, n=True)),
        # Anthropic, pages on extended thinking and effort, and its errors.
        (r"claude-3-7", Facts(thinking="enabled", effort=(), output=64_000, late_system=False)),
        (
            r"claude-3-5",
            Facts(thinking="none", effort=(), output=8_192, late_system=False, prefill=True),
        ),
        (
            r"claude-(?:3-|2|instant)",
            Facts(thinking="none", effort=(), output=4_096, late_system=False, prefill=True),
        ),
        (
            r"claude-(?:opus|sonnet)-4(?:-[01])?$",
            Facts(thinking="enabled", effort=(), late_system=False, prefill=True),
        ),
        # Whoever serves them takes OpenAI's older name of the limit, not all the newer one; their
        # templates know no developer (Mistral's and DeepSeek's errors 422; vLLM's templates).
        (
            r"(?:open-)?(?:mi[sx]tral|ministral|magistral|codestral|devstral|pixtral)",
            Facts(limit="max_tokens", role="system"),
        ),
        (
            r"(?:meta-)?(?:deepseek|llama|qwen|gemma|phi-|yi-|falcon|command)",
            Facts(limit="max_tokens", role="system"),
        ),
    )
)
_LISTS = ("effort",)


def facts_of(model: str, wire: str) -> Facts:
    """What is known of a model by its name, where it is called on this wire.

    A dated, prefixed or floating name is the model that it names.

    >>> facts_of("openai/gpt-4o-mini-2024-07-18", "openai").output
    16384
    >>> facts_of("my-own-model", "openai") == UNKNOWN
    True
    """
    exact, name = model.lower().rsplit("/", 1)[-1].strip(), resolved_model(model)
    listed = _listed()
    known = listed.get(exact) or listed.get(name) or UNKNOWN
    family = next((facts for pattern, facts in _FAMILIES if pattern.match(name)), UNKNOWN)
    return _WIRE.get(wire, UNKNOWN).over(known).over(family)


def tier_facts(tier: Tier, wire: str) -> Facts:
    """What a tier's model takes: as the file says, else by its name."""
    return tier.takes.over(facts_of(tier.model, wire))


@cache
def _listed() -> Mapping[str, Facts]:
    return dict(_lines())


def _lines() -> Iterator[tuple[str, Facts]]:
    text = resources.files("tierwatch.fit").joinpath("models.jsonl").read_text("utf-8")
    for line in text.splitlines()[1:]:
        entry: dict[str, Any] = json.loads(line)
        model = entry.pop("model")
        for name in _LISTS:
            if name in entry:
                entry[name] = tuple(entry[name])
        yield model, Facts(**entry)

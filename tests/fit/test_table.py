"""What models take by their names."""

import json
from importlib import resources

import pytest

from tierwatch.fit.table import facts_of, tier_facts
from tierwatch.routing.facts import EFFORTS, UNKNOWN, Facts
from tierwatch.routing.tiers import Price, Tier


def test_the_table_names_its_sources_and_is_small() -> None:
    text = resources.files("tierwatch.fit").joinpath("models.jsonl").read_text("utf-8")
    head, *lines = text.splitlines()
    assert {"litellm", "genai-prices"} == set(json.loads(head)["sources"])
    assert all("MIT" in source for source in json.loads(head)["sources"].values())
    assert len(text) < 100_000
    assert len({json.loads(line)["model"] for line in lines}) == len(lines) > 300


@pytest.mark.parametrize("line", range(1, 400, 13))
def test_every_line_is_facts(line: int) -> None:
    text = resources.files("tierwatch.fit").joinpath("models.jsonl").read_text("utf-8")
    entry = json.loads(text.splitlines()[line])
    known = facts_of(entry.pop("model"), "openai").known
    assert {name: list(v) if isinstance(v, tuple) else v for name, v in known.items()} == {
        **{name: list(v) if isinstance(v, tuple) else v for name, v in known.items()},
        **entry,
    }
    assert set(entry.get("effort", ())) <= set(EFFORTS)
    assert entry.get("context", 1) > 0


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5", Facts(limit="max_completion_tokens", temperature="default", stop=False)),
        ("o3-mini", Facts(limit="max_completion_tokens", temperature="default", stop=False)),
        ("gpt-5-mini-2025-08-07", Facts(effort=("minimal", "low", "medium", "high"))),
        ("gpt-4o-mini", Facts(output=16_384, context=128_000, effort=(), images=True)),
        ("gpt-3.5-turbo", Facts(images=False, structured_output=False)),
        ("openai/gpt-4.1", Facts(output=32_768)),
        ("mistral-large-latest", Facts(limit="max_tokens", role="system")),
        ("meta-llama/Llama-3.3-70B-Instruct", Facts(limit="max_tokens", role="system")),
    ],
)
def test_models_of_openais_wire(model: str, expected: Facts) -> None:
    assert expected.known.items() <= facts_of(model, "openai").known.items()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-haiku-4-5", Facts(thinking="enabled", effort=(), output=64_000, prefill=True)),
        ("claude-haiku-4-5-20251001", Facts(thinking="enabled", effort=())),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", Facts(thinking="enabled")),
        ("claude-opus-4-6", Facts(thinking="both", prefill=False, late_system=False)),
        ("claude-opus-4-8", Facts(thinking="adaptive", late_system=True, temperature="default")),
        ("claude-opus-5-5", Facts(thinking="always", forced_tools=False)),
        ("claude-3-haiku-20240307", Facts(thinking="none", output=4_096)),
        ("claude-3-5-sonnet-latest", Facts(thinking="none", output=8_192)),
    ],
)
def test_models_of_anthropics_wire(model: str, expected: Facts) -> None:
    assert expected.known.items() <= facts_of(model, "anthropic").known.items()


def test_models_that_answer_at_once_keep_their_temperature() -> None:
    assert facts_of("gpt-5-chat-latest", "openai").temperature is None
    # These take one while their effort is none, which a request says and a name does not.
    assert facts_of("gpt-5.1", "openai").temperature is None


@pytest.mark.parametrize("name", ["my-model", "", "/", "claude", "gpt", "auto", "llm-9000"])
def test_of_a_model_nobody_has_heard_of_nothing_is_known(name: str) -> None:
    assert facts_of(name, "openai") == UNKNOWN


def test_what_the_wire_has_no_word_for_no_model_has() -> None:
    assert facts_of("my-model", "anthropic") == Facts(audio=False, n=False, logprobs=False)


def test_the_file_knows_better() -> None:
    tier = Tier("simple", "gpt-4o-mini", "p", Price(1, 1), takes=Facts(output=100, images=False))
    assert tier_facts(tier, "openai").output == 100
    assert tier_facts(tier, "openai").images is False
    assert tier_facts(tier, "openai").context == 128_000

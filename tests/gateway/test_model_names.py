"""What the names that callers use stand for."""

import re
import time
from pathlib import Path

import pytest
from factories.config import load
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.model_names import ROUTED, ModelNames, bare_model, shown_name

TIERS = """
routing:
  tiers:
    simple: {model: claude-haiku-4-5, cost: 1, provider: lab}
    standard: {model: openai/gpt-4o-mini, cost: 5, provider: lab}
    complex: {model: llama3:70b, cost: 10, providers: [{provider: lab, model: big-at-lab}]}
providers: {lab: {kind: openai}}
"""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> ModelNames:
    return named(tmp_path_factory.mktemp("names"))


def named(folder: Path, gateway: str = "{auto_models: [ours]}") -> ModelNames:
    return ModelNames(load(folder, f"{TIERS}gateway: {gateway}\n"))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("auto", ROUTED),
        ("tierwatch/auto", ROUTED),
        ("openai/auto", ROUTED),
        ("anthropic/auto", ROUTED),
        ("auto[1m]", ROUTED),
        ("ours", ROUTED),
        ("openai/ours", ROUTED),
        ("simple", "simple"),
        ("openai/simple", "simple"),
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5[1m]", "claude-haiku-4-5"),
        ("claude-haiku-4-5-20251001[1m]", "claude-haiku-4-5"),
        ("claude-haiku-4-5-latest", "claude-haiku-4-5"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5@default", "claude-haiku-4-5"),
        ("anthropic/claude-haiku-4-5:beta", "claude-haiku-4-5"),
        ("openrouter/anthropic/claude-haiku-4-5:free", "claude-haiku-4-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("Claude-Haiku-4-5", "claude-haiku-4-5"),
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("azure/gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("llama3:70b", "llama3:70b"),
        ("ollama/llama3:70b", "llama3:70b"),
        # What a provider calls a tier's model is that model.
        ("big-at-lab", "llama3:70b"),
    ],
)
def test_a_configured_model_however_it_is_written(
    names: ModelNames, name: str, meaning: str
) -> None:
    assert names.meaning(name) == meaning


@pytest.mark.parametrize(
    "name",
    [
        "llama3:8b",
        "llama3",
        "claude-haiku-4-6",
        "claude-haiku-4-5-mini",
        "claude-haiku-4-5-v2",
        "gpt-4o",
        "gpt-4o-mini-0718",
        "gpt-4o-mini-search-preview",
        "simple-20251001",
        "Simple",
        "auto-latest",
        "ft:gpt-4o-mini-2024-07-18:us::1",
        "",
        " ",
        "/",
        "[1m]",
        "-latest",
        "\ud800",
        "x" * 10**6,
    ],
)
def test_another_model_stays_another_model(names: ModelNames, name: str) -> None:
    assert names.meaning(name) is None


def test_the_first_pattern_that_fits_decides(tmp_path: Path) -> None:
    names = named(
        tmp_path,
        '{models: {"*opus*": complex, "claude-*": auto, "gpt-4o-*": simple, "x[1]?": auto}}',
    )
    assert names.meaning("claude-opus-5-5") == "complex"
    assert names.meaning("claude-sonnet-5-5-20260101") == ROUTED
    assert names.meaning("anthropic/Claude-Sonnet-5-5") == ROUTED, "with and without its prefix"
    # A pattern goes before the models of the file, exact and dated alike...
    assert names.meaning("claude-haiku-4-5") == ROUTED
    assert names.meaning("gpt-4o-mini-2024-07-18") == "simple"
    # ... and not before a tier, and `*` is its only sign.
    assert names.meaning("simple") == "simple"
    assert names.meaning("x[1]?") == ROUTED
    assert names.meaning("x1y") is None


def test_a_pattern_for_everything_leaves_tiers_and_auto_alone(tmp_path: Path) -> None:
    names = named(tmp_path, '{models: {"*": standard}}')
    found = [names.meaning(name) for name in ("auto", "complex", "llama3:70b", "gpt-9", "a\nb")]
    assert found == [ROUTED, "complex", "standard", "standard", "standard"]


def test_what_is_unknown_may_be_routed(tmp_path: Path) -> None:
    names = named(tmp_path, "{unknown_model: route}")
    assert names.meaning("gpt-9") == names.meaning("x" * 10**6) == ROUTED
    assert names.meaning("complex") == "complex"
    assert names.meaning("claude-haiku-4-5-latest") == "claude-haiku-4-5"


def test_of_two_snapshots_each_is_itself_and_the_cheaper_the_model(tmp_path: Path) -> None:
    text = """
routing:
  tiers:
    simple: {model: gpt-4o-2024-08-06, cost: 1, provider: lab}
    complex: {model: gpt-4o-2024-05-13, cost: 10, provider: lab}
providers: {lab: {kind: openai}}
"""
    names = ModelNames(load(tmp_path, text))
    assert names.meaning("openai/gpt-4o-2024-05-13") == "gpt-4o-2024-05-13"
    assert names.meaning("gpt-4o-2024-05-13") == "gpt-4o-2024-05-13"
    assert names.meaning("gpt-4o") == names.meaning("gpt-4o-2024-11-20") == "gpt-4o-2024-08-06"


def test_who_is_refused_reads_what_to_do(names: ModelNames) -> None:
    said = names.refusal("claude-opus-4-8")
    assert said.startswith("There is no model 'claude-opus-4-8'. Accepted: auto, simple, ")
    assert 'gateway.models: {"claude-*": auto}' in said
    assert "gateway.unknown_model: route" in said


@given(name=st.text(max_size=300))
def test_a_refusal_is_short_and_its_pattern_safe(names: ModelNames, name: str) -> None:
    said = names.refusal(name)
    assert len(said) < 2_000
    found = re.search(r'models: \{"(.*?)": auto\}', said)
    assert found is not None
    assert re.fullmatch(r"[A-Za-z0-9]*-?\*", found[1])


@given(st.text(max_size=60))
def test_a_bare_name_is_bare(name: str) -> None:
    assert bare_model(bare_model(name)) == bare_model(name)


@pytest.mark.parametrize("tail", ["-latest", "[1m]", ":free", "-20251001", "/"])
def test_long_names_take_no_time(names: ModelNames, tail: str) -> None:
    began = time.process_time()
    for head in ("a", "a.", "-2025"):
        names.meaning(head * 50_000 + tail)
        bare_model((head * 30 + tail) * 3)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("name", ["", "gpt-9", "x" * 100, "\n", "\ud800", "x" * 10**6])
def test_a_name_that_does_not_exist_is_shown_up_to_a_length(name: str) -> None:
    shown = shown_name(name)
    assert len(shown) <= 105
    assert (shown == repr(name)) is (len(name) <= 100)

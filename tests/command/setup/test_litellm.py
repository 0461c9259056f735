"""Whatever a LiteLLM configuration holds: what is written is accepted, and the rest is said."""

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwatch.command.setup.litellm import Carried, carried
from tierwatch.command.setup.written import written
from tierwatch.config import Config, load_config
from tierwatch.errors import ConfigError, UsageError

USUAL = """\
model_list:
  - model_name: fast
    litellm_params: {model: openai/gpt-5-mini, api_key: os.environ/OPENAI_API_KEY, rpm: 100}
  - model_name: smart
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: os.environ/CLAUDE_KEY}
  - model_name: judge
    litellm_params: {model: openai/gpt-5, api_key: sk-not-to-be-repeated}
  - model_name: eu
    litellm_params: {model: azure/gpt-5, api_base: "https://x.openai.azure.com"}
  - model_name: vectors
    litellm_params: {model: openai/text-embedding-3-small}
    model_info: {mode: embedding}
router_settings:
  num_retries: 2
  fallbacks: [{fast: [smart]}]
  model_group_alias: {quick: fast}
litellm_settings: {drop_params: true}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""


def _read(text: str, folder: Path) -> tuple[Carried, Config, str]:
    path = folder / "config.yaml"
    path.write_text(textwrap.dedent(text))
    found = carried(path)
    out = written(found.draft)
    (folder / "tierwatch.yaml").write_text(out)
    return found, load_config(folder / "tierwatch.yaml"), out


def test_a_usual_configuration(tmp_path: Path) -> None:
    _, config, text = _read(USUAL, tmp_path)
    assert [(tier.name, tier.model) for tier in config.tiers] == [
        ("simple", "gpt-5-mini"),
        ("standard", "gpt-5"),
        ("complex", "claude-sonnet-4-5"),
    ]
    assert config.watch.tiers["simple"] == ("fast", "quick")
    assert config.intake.keys[0].accepts == "litellm"
    assert {name: one.kind for name, one in config.providers.items()} == {
        "openai": "openai",
        "anthropic": "anthropic",
    }
    keys = [one.api_key for one in config.providers.values() if one.api_key is not None]
    assert {key.variable for key in keys} == {"OPENAI_API_KEY", "CLAUDE_KEY"}
    assert "sk-not-to-be-repeated" not in text
    assert config.missing_providers == ()


def test_all_that_was_not_carried_over_is_said_line_by_line(tmp_path: Path) -> None:
    found, _, _ = _read(USUAL, tmp_path)
    notes = "\n".join(found.notes)
    for said in (
        "line 2: model_list[0] (fast): rpm: stays with LiteLLM",
        "line 6: model_list[2] (judge): its key stands in the file and is not repeated",
        "put it into OPENAI_API_KEY",
        "line 8: model_list[3] (eu): is at azure, whose wire is neither OpenAI's nor Anthropic's",
        "line 10: model_list[4] (vectors): mode embedding is no chat",
        "router_settings.num_retries: stays with LiteLLM",
        "router_settings.fallbacks: stays with LiteLLM",
        "litellm_settings.drop_params: stays with LiteLLM",
        "general_settings.master_key: stays with LiteLLM",
        "evaluation.judge: no model is left that serves no tier",
    ):
        assert said in notes, said
    assert "sk-not-to-be-repeated" not in notes


def test_a_group_of_several_deployments_becomes_a_tier_of_several_places(tmp_path: Path) -> None:
    _, config, _ = _read(
        """\
        model_list:
          - model_name: a
            litellm_params: {model: hosted_vllm/llama, api_base: "http://10.0.0.1:8000/v1"}
            model_info: {input_cost_per_token: 1e-07, output_cost_per_token: 1e-07}
          - model_name: a
            litellm_params: {model: hosted_vllm/llama, api_base: "http://10.0.0.2:8000/v1"}
          - {model_name: b, litellm_params: {model: openai/gpt-5}}
          - {model_name: c, litellm_params: {model: openai/gpt-5-mini}}
          - {model_name: d, litellm_params: {model: openai/gpt-5-nano}}
        """,
        tmp_path,
    )
    simple = config.tiers[0]
    assert [place.provider for place in simple.served_at()] == ["hosted_vllm", "hosted_vllm-2"]
    assert simple.price is not None
    assert simple.price.input_usd_per_mtok == pytest.approx(0.1)
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.model not in {tier.model for tier in config.tiers}


def test_a_model_whose_price_nobody_knows_is_a_tier_only_where_it_must(tmp_path: Path) -> None:
    found, config, text = _read(
        """\
        model_list:
          - {model_name: mine, litellm_params: {model: hosted_vllm/house-model, api_base: "http://10.0.0.1/v1"}}
          - {model_name: best, litellm_params: {model: openai/gpt-5}}
        """,
        tmp_path,
    )
    assert [tier.model for tier in config.tiers] == ["house-model", "gpt-5"]
    assert "cost: 0 # not known" in text
    assert any("model mine: no price is known; 0 stands for it" in note for note in found.notes)


def test_a_judge_may_be_named_where_none_is_left(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(USUAL)
    found = carried(path, judge="claude-opus-4-5")
    assert found.draft.judge is not None
    assert found.draft.judge.places == (("anthropic", "claude-opus-4-5"),)
    assert not any("evaluation.judge" in note for note in found.notes)


CLAUDES = """\
model_list:
  - {model_name: fast, litellm_params: {model: anthropic/claude-haiku-4-5}}
  - {model_name: smart, litellm_params: {model: anthropic/claude-sonnet-4-5}}
"""
SERVER = 'api_base: "http://10.0.0.1:8000/v1"'
OF_OUR_OWN = f"""\
model_list:
  - {{model_name: fast, litellm_params: {{model: hosted_vllm/llama-8b, {SERVER}}}}}
  - {{model_name: smart, litellm_params: {{model: anthropic/claude-sonnet-4-5}}}}
"""


@pytest.mark.parametrize(
    ("file", "judge", "at", "key"),
    [
        # Nobody in the file serves it: its vendor does.
        (CLAUDES, "gpt-5-nano", "openai", "OPENAI_API_KEY"),
        (OF_OUR_OWN, "gpt-5-nano", "openai", "OPENAI_API_KEY"),
        (CLAUDES, "groq/llama-70b", "groq", "GROQ_API_KEY"),
        # A vendor that the file has, with its own key.
        (CLAUDES, "claude-opus-4-5", "anthropic", "ANTHROPIC_API_KEY"),
        (USUAL, "anthropic/claude-opus-4-5", "anthropic", "CLAUDE_KEY"),
        # A name that says nothing, on a server that may have it; or on none.
        (OF_OUR_OWN, "house-judge", "hosted_vllm", ""),
        (CLAUDES, "house-judge", "openai", "OPENAI_API_KEY"),
    ],
)
def test_a_named_judge_is_asked_at_a_vendor_that_serves_it(
    tmp_path: Path, file: str, judge: str, at: str, key: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(file)
    draft = carried(path, judge=judge).draft
    assert draft.judge is not None
    assert draft.judge.places == ((at, judge.rsplit("/", 1)[-1]),)
    assert [one.key for one in draft.providers if one.name == at] == [key]
    (tmp_path / "tierwatch.yaml").write_text(written(draft))
    assert load_config(tmp_path / "tierwatch.yaml").missing_providers == ()


def test_a_named_judge_that_the_file_has_is_asked_where_the_file_has_it(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    judge = f"{{model_name: j, litellm_params: {{model: hosted_vllm/gpt-oss-120b, {SERVER}}}}}"
    path.write_text(f"{CLAUDES}  - {judge}\n")
    draft = carried(path, judge="gpt-oss-120b").draft
    assert draft.judge is not None
    assert draft.judge.places == (("hosted_vllm", "gpt-oss-120b"),)


def test_two_names_of_one_model_are_one_tier(tmp_path: Path) -> None:
    _, config, _ = _read(
        """\
        model_list:
          - {model_name: fast, litellm_params: {model: openai/gpt-5-mini}}
          - {model_name: faster, litellm_params: {model: gpt-5-mini}}
          - {model_name: best, litellm_params: {model: openai/gpt-5}}
        """,
        tmp_path,
    )
    assert len(config.tiers) == 2
    assert config.watch.tiers["simple"] == ("fast", "faster")


@pytest.mark.parametrize(
    "text",
    [
        "general_settings: {}\n",
        "model_list: []\n",
        "model_list: {a: 1}\n",
        "model_list: [1, null, [], {model_name: a}]\n",
        "model_list: [{model_name: a, litellm_params: {model: openai/gpt-5}}]\n",
        "model_list: [{model_name: '*', litellm_params: {model: '*'}}]\n",
    ],
)
def test_too_few_models_are_wrong_use_and_say_what_is_accepted(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="accepted two or more"):
        carried(path)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "a: 1\na: 2\n", "\x00"])
def test_what_is_no_configuration_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        carried(path)


NAMES = st.one_of(
    st.sampled_from(
        ["fast", "smart", "*", "gpt-5*", "Fast", "cache", "no", "1", "a: b", "#x", "ü {"]
    ),
    st.text(max_size=12),
)
MODELS = st.one_of(
    st.sampled_from([
        "openai/gpt-5", "openai/gpt-5-mini", "gpt-5-nano", "anthropic/claude-haiku-4-5",
        "claude-sonnet-4-5", "azure/gpt-5", "bedrock/anthropic.claude-v2", "groq/llama-3.3-70b",
        "hosted_vllm/m", "openai/*", "openai/", "unknown", "openrouter/openai/gpt-5",
    ]),
    st.text(max_size=10),
)  # fmt: skip
COSTS = st.one_of(
    st.floats(0, 1e-3), st.sampled_from([0, "3e-06", "x", -1, True, None, float("inf")])
)
PARAMS = st.fixed_dictionaries(
    {"model": MODELS},
    optional={
        "api_key": st.sampled_from(["os.environ/KEY", "sk-secret", "", 5, "os.environ/9", None]),
        "api_base": st.sampled_from([
            "https://models.example/v1", "http://10.0.0.1:8000", "not a url", "os.environ/BASE",
            "https://u:p@x/v1", 7, "http://[::1/v1",
        ]),
        "input_cost_per_token": COSTS,
        "output_cost_per_token": COSTS,
        "custom_llm_provider": st.sampled_from(["openai", "anthropic", "x y", ""]),
        "rpm": st.integers(),
        "timeout": st.floats(allow_nan=False),
    },
)  # fmt: skip
ENTRIES = st.one_of(
    st.fixed_dictionaries(
        {"model_name": NAMES, "litellm_params": PARAMS},
        optional={
            "model_info": st.one_of(
                st.none(),
                st.fixed_dictionaries(
                    {},
                    optional={
                        "mode": st.sampled_from(["chat", "embedding", "responses", 3]),
                        "input_cost_per_token": COSTS,
                        "output_cost_per_token": COSTS,
                    },
                ),
            )
        },
    ),
    st.sampled_from([None, 1, "x", {}, {"model_name": "a"}]),
)
FILES = st.fixed_dictionaries(
    {"model_list": st.lists(ENTRIES, max_size=9)},
    optional={
        "router_settings": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    "model_group_alias": st.one_of(
                        st.none(),
                        st.dictionaries(
                            NAMES,
                            st.one_of(NAMES, st.builds(lambda n: {"model": n}, NAMES)),
                            max_size=4,
                        ),
                    ),
                    "fallbacks": st.just([{"fast": ["smart"]}]),
                    "routing_strategy": st.just("simple-shuffle"),
                },
            ),
        ),
        "litellm_settings": st.one_of(st.none(), st.just({"callbacks": ["tierwatch"]})),
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=FILES)
def test_whatever_is_written_is_accepted(file: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(file, allow_unicode=True), encoding="utf-8")
    try:
        found = carried(path)
    except UsageError as problem:
        assert "accepted" in str(problem)  # noqa: PT017 - what it says is the test
        return
    out = tmp_path / "tierwatch.yaml"
    text = written(found.draft)
    out.write_text(text, encoding="utf-8")
    config = load_config(out)
    assert "sk-secret" not in text
    assert "sk-secret" not in "\n".join(found.notes)
    assert [tier.name for tier in config.tiers] == list(found.draft.tiers)
    for tier, draft in zip(config.tiers, found.draft.tiers.values(), strict=True):
        assert tier.model == draft.model
    assert {tier: tuple(names) for tier, names in config.watch.tiers.items()} == found.draft.aliases

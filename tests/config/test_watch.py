"""`intake` and `watch`: who may send, and what names stand for."""

from pathlib import Path

import pytest

from tierwatch.config import load_config
from tierwatch.config.watch import tier_of
from tierwatch.errors import ConfigError

BASE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers: {own: {kind: openai, base_url: "http://127.0.0.1:1/v1"}}
"""


def problem(tmp_path: Path, more: str) -> str:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(BASE + more)
    with pytest.raises(ConfigError) as found:
        load_config(path)
    return str(found.value)


def test_without_the_sections_nobody_may_send(tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(BASE)
    config = load_config(tmp_path / "tierwatch.yaml")
    assert (config.intake.keys, config.watch.tiers, config.watch.confidence) == ((), {}, "own")


def test_keys_name_their_source_and_what_they_accept(tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(
        BASE + "intake: {keys: [{source: a, key: env:A, accepts: otlp}, {source: a, key: env:B}]}"
    )
    keys = load_config(tmp_path / "tierwatch.yaml").intake.keys
    assert [(one.source, one.key.variable, one.accepts) for one in keys] == [
        ("a", "A", "otlp"),
        ("a", "B", "any"),
    ]


def test_a_pull_has_usual_times(tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(
        BASE + "intake: {pulls: [{source: a, kind: openai, key: env:A, every: 1m}]}"
    )
    intake = load_config(tmp_path / "tierwatch.yaml").intake
    (pull,) = intake.pulls
    assert (pull.base_url, pull.every_s, pull.overlap_s, pull.since_s) == ("", 60, 1200, 86_400)
    assert intake.takes
    assert not intake.keys


def test_an_overlap_may_be_almost_half_a_stretch(tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(
        BASE + "intake: {pulls: [{source: a, kind: openai, key: env:A, overlap: 11h59m}]}"
    )
    (pull,) = load_config(tmp_path / "tierwatch.yaml").intake.pulls
    assert pull.overlap_s == 43_140


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("intake: {keys: [{source: a, key: sk-123}]}", "env:NAME"),
        ("intake: {keys: [{source: 'a b', key: env:A}]}", "intake.keys"),
        ("intake: {keys: [{source: a, key: env:A, accepts: soap}]}", "litellm"),
        ("intake: {batches_per_s: 0}", "intake.batches_per_s"),
        ("intake: {pulls: [{source: a, kind: portkey, key: env:A}]}", "langfuse"),
        ("intake: {pulls: [{source: a, kind: openai, key: sk-123}]}", "env:NAME"),
        ("intake: {pulls: [{source: a, kind: openai}]}", "intake.pulls"),
        ("intake: {pulls: [{source: a, kind: openai, key: env:A, every: 0s}]}", "a duration"),
        ("intake: {pulls: [{source: a, kind: openai, key: env:A, base_url: x}]}", "base_url"),
        *(
            (
                f"intake: {{pulls: [{{source: a, kind: openai, key: env:A, overlap: {overlap}}}]}}",
                "accepted a duration above zero and below 12h",
            )
            for overlap in ("12h", "43200", "2d", "0s", "-5", "soon")
        ),
        ("intake: {pulls: [{source: a, kind: langfuse, key: env:A}]}", "Langfuse's public key"),
        (
            "intake: {pulls: [{source: a, kind: openai, key: env:A, public_key: env:B}]}",
            "and none elsewhere",
        ),
        (
            "intake: {pulls: [&one {source: a, kind: openai, key: env:A}, *one]}",
            "each source in one pull",
        ),
        ("watch: {tiers: {medium: [x]}}", "accepted one of simple, complex"),
        (
            "watch: {tiers: {simple: [x], complex: [X]}}",
            "'X', which stands for simple already; accepted each name under one tier",
        ),
        ("watch: {confidence: theirs}", "watch.confidence"),
    ],
)
def test_problems_name_the_key_and_what_is_accepted(tmp_path: Path, more: str, said: str) -> None:
    assert said in problem(tmp_path, more)


def test_a_model_is_not_asked_about_all_traffic_of_another_router(tmp_path: Path) -> None:
    llm = BASE.replace("routing:\n", "routing:\n  classifier: {kind: llm, model: small-1}\n")
    path = tmp_path / "tierwatch.yaml"
    path.write_text(llm + "intake: {keys: [{source: a, key: env:A}]}\n")
    with pytest.raises(ConfigError, match=r"watch\.confidence: logged"):
        load_config(path)
    path.write_text(llm + "intake: {keys: [{source: a, key: env:A}]}\nwatch: {confidence: logged}")
    assert load_config(path).watch.confidence == "logged"


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("fast", "simple"),
        ("FAST", "simple"),
        ("gpt-5-mini-2026", "simple"),
        ("gpt-5-pro", "complex"),
        ("fast-2", ""),
        ("", ""),
    ],
)
def test_a_written_name_counts_before_every_pattern(name: str, tier: str) -> None:
    tiers = {"simple": ("fast", "gpt-5-*"), "complex": ("gpt-5-pro",)}
    assert tier_of(name, tiers) == tier


ROUTER = "watch: {router: {kind: json, file: router.json, keys: {simple: /weak}}}\n"


def test_the_thresholds_of_a_watched_router_are_the_first_policys(tmp_path: Path) -> None:
    (tmp_path / "router.json").write_text('{"weak": 0.55}')
    (tmp_path / "tierwatch.yaml").write_text(BASE + ROUTER)
    config = load_config(tmp_path / "tierwatch.yaml")
    assert config.foreign is not None
    assert config.foreign.thresholds == {"simple": 0.55}
    assert config.initial_policy.thresholds == {"simple": 0.55}
    assert config.watch.takes_logged


def test_its_settings_may_stand_in_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(
        BASE
        + "watch: {tiers: {simple: [a, b], complex: [c, d]}, router: {kind: litellm_complexity,"
        " settings: {tiers: {SIMPLE: a, MEDIUM: b, COMPLEX: c, REASONING: d}}}}\n"
    )
    foreign = load_config(tmp_path / "tierwatch.yaml").foreign
    assert foreign is not None
    assert (foreign.path, foreign.thresholds) == (None, {"simple": 0.65})


@pytest.mark.parametrize(
    ("router", "said"),
    [
        ("kind: json", "found neither; accepted one of file and settings"),
        ("kind: json, file: x, settings: {simple: 0.5}", "found both"),
        ("kind: json, file: none.json", "none.json: cannot be read"),
        ("kind: json, settings: {}", "accepted 0 to 1 with two decimals"),
        ("kind: json, settings: {simple: 0.5}, keys: {top: /x}", "one of simple"),
        ("kind: json, settings: {simple: 0.5}, secret: env:S", "beside a webhook"),
        ("kind: other, settings: {simple: 0.5}", "litellm_complexity"),
        ("kind: litellm_complexity, settings: {tiers: {}}", "models of one tier"),
        ("kind: litellm_complexity, file: x, keys: {simple: /x}", "them where kind is json"),
    ],
)
def test_what_a_watched_router_cannot_be_is_said(tmp_path: Path, router: str, said: str) -> None:
    found = problem(tmp_path, f"watch: {{router: {{{router}}}}}\n")
    assert said in found
    assert "watch.router" in found

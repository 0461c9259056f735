from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tierwatch.errors import JudgeError, ProviderError
from tierwatch.judges import Judge, build_judge, ragas
from tierwatch.judges.build import build_cheap_first
from tierwatch.judges.verdict import Question
from tierwatch.routing.tiers import Price

ARMS = ("claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-6")


@dataclass
class Config:
    kind: str = "pairwise"
    model: str | None = "gpt-4o"
    provider: str | None = "p"
    orders: str = "both"
    prompt_tokens: int = 24_000
    timeout_s: float = 30.0
    verdicts: str | None = None
    prompt: str = "plain"
    price: Price | None = None
    first: Any = None
    embedding_model: str | None = None


class Key:
    def reveal(self, environ: dict[str, str]) -> str:
        return environ["KEY"]


@dataclass
class Provider:
    kind: str = "openai"
    base_url: str = "http://host/v1"
    api_key: Key | None = None
    timeout_s: float = 1.0


def build(config: Any, **options: Any) -> Judge:
    client: Any = None
    return build_judge(config, client=client, **{"arms": ARMS, "environ": {}, **options})


@pytest.mark.parametrize(
    ("orders", "version"), [("both", "pairwise/v2/gpt-4o"), ("one", "pairwise/v2/gpt-4o/one")]
)
def test_a_pairwise_judge_is_asked_after_the_structural_checks(orders: str, version: str) -> None:
    judge = build(Config(orders=orders))
    assert judge.version == version
    shorter = build(Config(orders=orders, prompt_tokens=8_000))
    assert shorter.version == f"{version}/8000"  # a judge that is shown less is another one
    # There is no client: identical answers never reach the model.
    verdict = judge.judge(Question(messages=[]), {"content": "x"}, {"content": "x"})
    assert (verdict.preferred, verdict.basis) == ("tie", "identical")


def test_the_judges_timeout_bounds_its_calls() -> None:
    given = []

    class Away:
        def complete(self, *_: object, timeout_s: float) -> Any:
            given.append(timeout_s)
            raise ProviderError("away", kind="timeout")

    judge = build_judge(Config(timeout_s=0.5), client=Away(), arms=ARMS, environ={})
    with pytest.raises(ProviderError):
        judge.judge(Question(messages=[]), {"content": "x"}, {"content": "y"})
    assert given == [0.5]


@pytest.mark.parametrize(
    ("judge", "arm"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "openai/gpt-4o"),
        ("openai/GPT-4o-2024-08-06", "gpt-4o"),
        ("claude-sonnet-4-6", "anthropic/claude-sonnet-4-6-20250514"),
        ("claude-sonnet-4-6-latest", "claude-sonnet-4-6"),
        ("us.anthropic.claude-sonnet-4-6-20250514-v1:0", "claude-sonnet-4-6"),
    ],
)
@pytest.mark.parametrize("kind", ["pairwise", "ragas"])
def test_a_judge_that_serves_an_arm_is_refused_by_resolved_model(
    judge: str, arm: str, kind: str
) -> None:
    with pytest.raises(JudgeError, match="is the model of a tier"):
        build(Config(kind=kind, model=judge), arms=("cheap", arm))


def test_a_smaller_model_of_the_family_is_another_model() -> None:
    assert build(Config(model="gpt-4o-mini"), arms=("gpt-4o",)).version.endswith("gpt-4o-mini")


@pytest.mark.parametrize("missing", [{"model": None}, {"provider": None}])
def test_a_judge_needs_model_and_provider(missing: dict[str, None]) -> None:
    with pytest.raises(JudgeError, match=r"needs evaluation\.judge\.model"):
        build(Config(**missing))


def test_a_recorded_judge_needs_its_records(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_text("{}")
    config = Config(kind="recorded", model=None, provider=None, verdicts=str(path))
    with pytest.raises(JudgeError, match="no records"):
        build(config)
    with pytest.raises(JudgeError, match="no records"):
        build(replace(config, verdicts=None), lookup=lambda *_: "tie")
    judge = build(config, lookup=lambda *_: "tie")
    assert judge.version.startswith("recorded/")
    verdict = judge.judge(Question(messages=[]), {"content": "x"}, {"content": "y"})
    assert (verdict.preferred, verdict.basis) == ("tie", "recorded")


@pytest.mark.parametrize("key", [None, Key()])
def test_a_ragas_judge_gets_its_vectors_from_the_judges_provider(
    monkeypatch: pytest.MonkeyPatch, key: Key | None
) -> None:
    class Metrics:
        RAGAS_VERSION = "0"
        embeds: Any = None

        def ragas_scores(self, *given: object) -> None:
            self.embeds = given[1]

    metrics = Metrics()
    monkeypatch.setenv("RAGAS_DO_NOT_TRACK", "true")
    # Its own name for it: the module itself is used by others while this test runs.
    monkeypatch.setattr(ragas, "importlib", SimpleNamespace(import_module=lambda _: metrics))
    config = Config(kind="ragas")
    judge = build(config)
    assert judge.version == "ragas/0/faithfulness/gpt-4o/else pairwise/v2/gpt-4o"
    assert metrics.embeds is None
    judge = build(
        replace(config, embedding_model="e"),
        providers={"p": Provider(api_key=key)},
        environ={"KEY": "k"},
    )
    assert judge.version == "ragas/0/faithfulness+relevancy/gpt-4o/else pairwise/v2/gpt-4o"
    assert isinstance(metrics.embeds, ragas.Embedder)


@pytest.mark.parametrize("providers", [None, {}, {"p": Provider(kind="anthropic")}])
def test_vectors_need_a_provider_that_has_them(providers: Any) -> None:
    with pytest.raises(JudgeError, match="kind openai"):
        build(Config(kind="ragas", embedding_model="e"), providers=providers)


@dataclass
class First:
    model: str = "gpt-4o-mini"
    provider: str = "q"
    prompt: str = "reference"
    price: Price | None = None


def cheap_first(first: Any, **options: Any) -> Judge | None:
    client: Any = None
    config: Any = Config(first=first, **options)
    return build_cheap_first(config, client=client, arms=ARMS)


def test_a_cheap_judge_before_the_judge_makes_one_judge_of_its_own_version() -> None:
    judge = cheap_first(First(), prompt_tokens=8_000)
    assert judge is not None
    assert judge.version == ("pairwise/reference_v1/gpt-4o-mini/8000 then pairwise/v2/gpt-4o/8000")
    verdict = judge.judge(Question(messages=[]), {"content": "x"}, {"content": "x"})
    assert (verdict.basis, verdict.judge_version) == ("identical", judge.version)
    assert cheap_first(None) is None


@pytest.mark.parametrize(
    ("model", "why"),
    [("claude-haiku-4-5-20251001", "first.model .* a tier"), ("openai/gpt-4o", "cheaper model")],
)
def test_who_may_not_stand_first(model: str, why: str) -> None:
    with pytest.raises(JudgeError, match=why):
        cheap_first(First(model=model))

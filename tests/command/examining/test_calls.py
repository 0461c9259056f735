"""`doctor --call`: each model and the judge once, and what is wrong with which."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tierwatch.command.examining.calls import call_findings
from tierwatch.errors import ProviderError
from tierwatch.providers.completion import ChatClient, Completion
from tierwatch.settings import Settings, read_settings

CONFIG = """
routing:
  classifier: {model: sorter, provider: lab, cost: 1}
  tiers:
    simple: {model: small-1, cost: 1, providers: [{provider: lab}, {provider: other}]}
    complex: {model: large-1, cost: 20, provider: other}
providers:
  lab: {kind: openai, base_url: http://127.0.0.1:9}
  other: {kind: openai, base_url: http://127.0.0.1:9}
evaluation: {judge: {model: judge-1, provider: lab, cost: 8}}
"""
RIGHT = '{"reason": "41 is wrong", "verdict": "%s"}'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return replace(read_settings({}), config=tmp_path / "tierwatch.yaml")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, str, str], str]], None]:
    """Models that answer as told, by provider, model and prompt."""

    def told(say: Callable[[str, str, str], str]) -> None:
        def complete(_: Any, provider: str, request: dict[str, Any], **__: Any) -> Completion:
            text = say(provider, request["model"], request["messages"][-1]["content"])
            return Completion(
                message={"role": "assistant", "content": text},
                finish_reason="stop",
                model=request["model"],
                prompt_tokens=100,
                completion_tokens=10,
                latency_ms=3.0,
                raw={},
            )

        monkeypatch.setattr(ChatClient, "complete", complete)

    return told


def honest(_provider: str, model: str, prompt: str) -> str:
    if model != "judge-1":
        return "yes"
    return RIGHT % ("A" if prompt.index("\n42\n") < prompt.index("\n41\n") else "B")


def test_every_deployment_the_classifier_and_the_judge_are_asked_once(
    settings: Settings, answers: Callable[..., None]
) -> None:
    answers(honest)
    found = call_findings(settings, {})
    assert [one.what for one in found] == [
        "call of classifier: sorter at lab",
        "call of simple: small-1 at lab",
        "call of simple: small-1 at other",
        "call of complex: large-1 at other",
        "call of the judge pairwise/v2/judge-1",
    ]
    assert all(one.ok and not one.warning for one in found), found
    assert "for $0.000110" in found[0].detail
    assert "found the wrong one of two answers" in found[-1].detail


def test_one_that_refuses_does_not_hide_the_others(
    settings: Settings, answers: Callable[..., None]
) -> None:
    def say(provider: str, model: str, prompt: str) -> str:
        if provider == "other":
            raise ProviderError("other: 401: no such key", kind="auth")
        return honest(provider, model, prompt)

    answers(say)
    found = call_findings(settings, {})
    assert [one.ok for one in found] == [True, True, False, False, True]
    assert found[2].detail == "auth: other: 401: no such key"


@pytest.mark.parametrize(
    ("judged", "ok", "said"),
    [
        (RIGHT % "tie", True, "did not find that 41 is wrong"),
        ("mumble", False, "its verdict cannot be read"),
    ],
)
def test_a_judge_that_cannot_judge(
    settings: Settings, answers: Callable[..., None], *, judged: str, ok: bool, said: str
) -> None:
    answers(lambda _, model, __: judged if model == "judge-1" else "")
    found = call_findings(settings, {})
    assert said in found[-1].detail
    assert found[-1].ok is ok
    assert found[-1].warning is ok
    # An answer without a word is one, and worth a word.
    assert [one.warning for one in found[:-1]] == [True] * 4


def test_a_secret_that_is_missing_is_one_finding(settings: Settings) -> None:
    settings.config.write_text(CONFIG.replace("9}\n  other", "9, api_key: env:LAB}\n  other"))
    (found,) = call_findings(settings, {})
    assert not found.ok
    assert "LAB: found nothing; accepted the secret that the configuration names" in found.detail

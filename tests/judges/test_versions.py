"""Versions follow from the configuration alone, and are those of the judges that it builds."""

from typing import Any

import pytest

from tierwatch.config.judge import FirstJudgeConfig, JudgeConfig
from tierwatch.judges.build import build_cheap_first, build_judge
from tierwatch.judges.versions import alone_and_together, pairwise_version, together_version

CLIENT: Any = None


@pytest.mark.parametrize("prompt", ["plain", "reference"])
@pytest.mark.parametrize("first", ["plain", "reference"])
@pytest.mark.parametrize("tokens", [24_000, 9_000])
def test_they_are_those_of_what_is_built(prompt: Any, first: Any, tokens: int) -> None:
    config = JudgeConfig(
        model="strong",
        provider="p",
        prompt=prompt,
        prompt_tokens=tokens,
        first=FirstJudgeConfig(model="cheap", provider="p", prompt=first),
    )
    alone = build_judge(config, client=CLIENT, arms=(), environ={})
    together = build_cheap_first(config, client=CLIENT, arms=())
    assert together is not None
    assert alone_and_together(config) == (alone.version, together.version)


def test_without_a_first_judge_there_are_no_two() -> None:
    assert alone_and_together(JudgeConfig(model="strong", provider="p")) is None


def test_a_change_of_either_is_another_instrument() -> None:
    found = {
        together_version(pairwise_version(cheap, prompt=prompt), pairwise_version(strong))
        for cheap in ("a", "b")
        for strong in ("c", "d")
        for prompt in ("plain", "reference")
    }
    assert len(found) == 8
    assert all("|" not in version for version in found)  # streams are named with it

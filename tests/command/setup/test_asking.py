"""A person's answers become the same draft as options do."""

from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from tierwatch.command.setup.asking import asked_draft, drafted, vendor_of
from tierwatch.command.setup.draft import Draft
from tierwatch.errors import UsageError


def _asked(typed: list[str]) -> Draft:
    found: list[Draft] = []

    @click.command()
    def ask() -> None:
        found.append(asked_draft(tolerance=0.05, sample_rate=0.05, budget=25))

    done = CliRunner().invoke(ask, input="\n".join(typed) + "\n")
    assert done.exit_code == 0, done.output
    return found[0]


@pytest.fixture
def by_options() -> Callable[..., Draft]:
    def make(*tiers: str, **changes: object) -> Draft:
        given: dict[str, object] = {
            "judge": "", "base_url": "", "key": "", "tolerance": 0.05, "sample_rate": 0.05,
            "budget": 25.0,
        }  # fmt: skip
        return drafted(tiers, **(given | changes))  # type: ignore[arg-type]

    return make


def test_answers_and_options_give_the_same(by_options: Callable[..., Draft]) -> None:
    asked = _asked(["gpt-5-mini", "", "claude-sonnet-4-5", "", "gpt-5", "0.1", ""])
    assert asked == by_options(
        "simple=gpt-5-mini", "complex=claude-sonnet-4-5", judge="gpt-5", tolerance=0.1
    )


def test_three_models_and_a_server_of_ones_own(by_options: Callable[..., Draft]) -> None:
    asked = _asked(["a", "b", "c", "http://10.0.0.1/v1", "KEY", "", "", "9"])
    expected = by_options(
        "simple=a", "standard=b", "complex=c", base_url="http://10.0.0.1/v1", key="KEY", budget=9.0
    )
    assert asked == expected
    assert all(model.guessed for model in asked.tiers.values())


def test_the_vendor_is_known_by_the_name() -> None:
    assert (vendor_of("claude-x"), vendor_of("gpt-5")) == ("anthropic", "openai")


@pytest.mark.parametrize("tier", ["", "a", "a=", "=b", " = "])
def test_a_tier_that_is_not_written_so(tier: str, by_options: Callable[..., Draft]) -> None:
    with pytest.raises(UsageError, match="NAME=MODEL"):
        by_options(tier)

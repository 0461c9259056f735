"""What judges are called: the version of each, from its configuration alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from tierwatch.config.judge import PROMPT_TOKENS, PromptKind

if TYPE_CHECKING:
    from tierwatch.config.judge import JudgeConfig

# Which file of `prompts/` is sent, by the prompt that is asked for.
PROMPT_VERSIONS: Mapping[PromptKind, str] = {"plain": "v2", "reference": "reference_v1"}


def pairwise_version(
    model: str,
    *,
    prompt: PromptKind = "plain",
    orders: Literal["both", "one"] = "both",
    prompt_tokens: int = PROMPT_TOKENS,
) -> str:
    """``pairwise/<prompt version>/<model>``.

    With ``/one`` when asked in one order only, and with the length of its prompts where that is
    not the usual one: a judge that is shown less is another one.

    >>> pairwise_version("gpt-4o"), pairwise_version("gpt-4o", prompt="reference", orders="one")
    ('pairwise/v2/gpt-4o', 'pairwise/reference_v1/gpt-4o/one')
    """
    version = f"pairwise/{PROMPT_VERSIONS[prompt]}/{model}"
    if orders == "one":
        version += "/one"
    return version if prompt_tokens == PROMPT_TOKENS else f"{version}/{prompt_tokens}"


def together_version(cheap: str, strong: str) -> str:
    """Of a cheap judge and the strong one that it stands before: one instrument, one version."""
    return f"{cheap} then {strong}"


def alone_and_together(config: "JudgeConfig") -> tuple[str, str] | None:
    """Versions of the judge alone, and with the cheap one before it; None without a cheap one."""
    if config.first is None:
        return None
    cheap, alone = (
        pairwise_version(
            asked.model,
            prompt=asked.prompt,
            orders=config.orders,
            prompt_tokens=config.prompt_tokens,
        )
        for asked in (config.first, config)
    )
    return alone, together_version(cheap, alone)

"""What each family of models takes, as its vendor tells it."""

from typing import NamedTuple

OPENAI, ANTHROPIC = "openai", "anthropic"


class Model(NamedTuple):
    """The facts of a family of models."""

    begins: str
    vendor: str
    context: int
    output: int
    images: bool = True
    # Efforts it takes; none at all when it does not reason (OpenAI) or knows no effort (Anthropic).
    efforts: tuple[str, ...] = ()
    # Anthropic: the kinds of thinking.
    thinking: tuple[str, ...] = ()
    sampling: bool = True
    prefill: bool = True
    schema: bool = True
    # Anthropic: a turn of the system inside messages.
    system_turns: bool = False

    @property
    def reasons(self) -> bool:
        return bool(self.efforts)


_THREE = ("low", "medium", "high")
_BUDGET = ("enabled", "disabled")
_BOTH = (*_BUDGET, "adaptive")
_MILLION = 1_000_000

# The longest beginning that fits a name is its family.
FAMILIES = (
    Model("gpt-3.5-turbo", OPENAI, 16_385, 4_096, images=False, schema=False),
    Model("gpt-4o", OPENAI, 128_000, 16_384),
    Model("gpt-4.1", OPENAI, 1_047_576, 32_768),
    Model("gpt-5", OPENAI, 400_000, 128_000, efforts=("minimal", *_THREE)),
    Model("gpt-5.1", OPENAI, 400_000, 128_000, efforts=("none", *_THREE)),
    Model("gpt-5.2", OPENAI, 400_000, 128_000, efforts=("none", *_THREE, "xhigh")),
    Model("o1", OPENAI, 200_000, 100_000, efforts=_THREE),
    Model("o3", OPENAI, 200_000, 100_000, efforts=_THREE),
    Model("o4-mini", OPENAI, 200_000, 100_000, efforts=_THREE),
    Model("claude-3-5-haiku", ANTHROPIC, 200_000, 8_192, schema=False),
    Model("claude-haiku-4-5", ANTHROPIC, 200_000, 64_000, thinking=_BUDGET),
    Model("claude-sonnet-4-5", ANTHROPIC, 200_000, 64_000, thinking=_BUDGET),
    Model(
        "claude-sonnet-4-6", ANTHROPIC, _MILLION, 128_000, efforts=(*_THREE, "max"), thinking=_BOTH,
        prefill=False,
    ),
    Model(
        "claude-opus-4-6", ANTHROPIC, _MILLION, 128_000, efforts=(*_THREE, "max"), thinking=_BOTH,
        prefill=False,
    ),
    Model(
        "claude-opus-4-7", ANTHROPIC, _MILLION, 128_000, efforts=(*_THREE, "xhigh", "max"),
        thinking=("adaptive", "disabled"), prefill=False, sampling=False,
    ),
    Model(
        "claude-opus-4-8", ANTHROPIC, _MILLION, 128_000, efforts=(*_THREE, "xhigh", "max"),
        thinking=("adaptive", "disabled"), prefill=False, sampling=False, system_turns=True,
    ),
    Model(
        "claude-opus-5", ANTHROPIC, _MILLION, 128_000, efforts=(*_THREE, "xhigh", "max"),
        thinking=("adaptive", "disabled"), prefill=False, sampling=False, system_turns=True,
    ),
)  # fmt: skip


def model(name: str, vendor: str) -> Model | None:
    """The family of a model's name at a vendor, None when the vendor has no such model."""
    fitting = [f for f in FAMILIES if f.vendor == vendor and name.startswith(f.begins)]
    return max(fitting, key=lambda family: len(family.begins), default=None)

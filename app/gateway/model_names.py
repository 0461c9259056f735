"""What the names that callers use for models stand for."""

import re
from functools import lru_cache

from tierwatch.config import Config
from tierwatch.config.model_patterns import AUTO, name_pattern

ROUTED = ""
# No model has a longer name; what is sent as one may have megabytes.
_LONGEST = 100
# Names that were worked out and are kept; callers make up any number.
_REMEMBERED = 1024
# What says which snapshot, endpoint or offer of a model is meant, and not which model: dates,
# floating tags, the tags of OpenRouter's offers, Claude Code's mark of a long context. Not a size
# (`llama3:70b`) and not a version (`deepseek-v3`): those are other models.
_SUFFIX = re.compile(
    r"(?:[-@]20\d{6}|[-@]20\d\d-\d\d-\d\d|[-@]latest|@default"
    r"|:(?:beta|exacto|extended|floor|free|latest|nitro|online|thinking)|\[\w{1,8}\])$"
)
# Amazon Bedrock writes the vendor with a dot, a region before it, and its own version at the end.
_BEDROCK = re.compile(
    r"(?:[a-z]{2,6}\.)?(?:amazon|anthropic|cohere|meta|mistral|openai)\.(.+?)(?:-v\d+)?(?::\d+)?"
)


class ModelNames:
    """What the names that callers use stand for. Used by every request at once.

    A name means, in this order: routing (``auto``, ``gateway.auto_models``) or a tier; what the
    first pattern of ``gateway.models`` that fits it says; a configured model, as it is written in
    the file or with another prefix, date or tag; and else what ``gateway.unknown_model`` says.

    Args:
        config: tiers, and the names of ``gateway``.
    """

    def __init__(self, config: Config) -> None:
        tiers = config.tiers
        self._fixed = dict.fromkeys([*AUTO, *config.gateway.auto_models], ROUTED)
        for tier in tiers:
            self._fixed.setdefault(tier.name, tier.name)
        self._patterns = [
            (name_pattern(text), ROUTED if target == AUTO[0] else target)
            for text, target in config.gateway.models.items()
        ]
        models = {tier.model: tier.model for tier in tiers}
        for tier in tiers:
            for place in tier.served_at():
                models.setdefault(place.model, tier.model)
        self._models = models
        self._alike: dict[str, str] = {}
        for name, model in models.items():
            self._alike.setdefault(bare_model(name), model)
        self._else = ROUTED if config.gateway.unknown_model == "route" else None
        # Exact names cost one look: what patterns say of them is worked out here.
        self._known: dict[str, str | None] = {name: self._worked_out(name) for name in models}
        self._known.update(self._fixed)
        self._remembered = lru_cache(_REMEMBERED)(self._worked_out)
        accepted = [AUTO[0], *(tier.name for tier in tiers), *(tier.model for tier in tiers)]
        self._accepted = ", ".join(dict.fromkeys(accepted))

    def meaning(self, name: str) -> str | None:
        """The tier or model that a name stands for; `ROUTED` for routing; None for nothing."""
        known = self._known.get(name)
        if known is not None:
            return known
        return self._remembered(name) if len(name) <= _LONGEST else self._else

    def refusal(self, name: str) -> str:
        """What a caller is told of a name that stands for nothing."""
        shown = shown_name(name)
        return (
            f"There is no model {shown}. Accepted: {self._accepted}; a model also with a prefix"
            f" (openai/...), a date or a tag. To serve {shown}, map it in tierwatch.yaml, as in"
            f' gateway.models: {{"{_example(name)}": auto}}, or set gateway.unknown_model: route.'
        )

    def _worked_out(self, name: str) -> str | None:
        plain = name.strip().rsplit("/", 1)[-1]
        plain = plain[: plain.find("[")] if plain.endswith("]") and "[" in plain else plain
        fixed = self._fixed.get(plain)
        if fixed is not None:
            return fixed
        for fits, target in self._patterns:
            if fits(name) or fits(plain):
                return target
        model = self._models.get(name) or self._models.get(plain)
        return model or self._alike.get(bare_model(name)) or self._else


def bare_model(name: str) -> str:
    """The model behind a name: without a prefix, a date or a tag; lower case.

    >>> bare_model("anthropic/claude-haiku-4-5-20251001"), bare_model("claude-sonnet-4-6[1m]")
    ('claude-haiku-4-5', 'claude-sonnet-4-6')
    >>> bare_model("us.anthropic.claude-opus-4-6-v1:0"), bare_model("deepseek-v3")
    ('claude-opus-4-6', 'deepseek-v3')
    """
    model = name.strip().lower()
    if model.startswith("ft:"):  # somebody's own, whatever it was made from
        return model
    model = model.rsplit("/", 1)[-1].strip()
    bedrock = _BEDROCK.fullmatch(model)
    if bedrock is not None:
        model = bedrock[1]
    while (shorter := _SUFFIX.sub("", model).rstrip()) != model and shorter:
        model = shorter
    return model


def _example(name: str) -> str:
    """A pattern that a made-up name fits, safe to be put into YAML."""
    family = re.match(r"[A-Za-z0-9]{2,20}(?=-)", name.rsplit("/", 1)[-1])
    return f"{family[0]}-*" if family else "*"


def shown_name(name: str) -> str:
    """A name that a caller made up, as an error message repeats it.

    >>> shown_name("gpt-9"), len(shown_name("x" * 10**6))
    ("'gpt-9'", 105)
    """
    return repr(name) if len(name) <= _LONGEST else f"{name[:_LONGEST]!r}..."

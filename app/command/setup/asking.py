"""A draft from a person's answers or from options."""

from collections.abc import Sequence

import click

from tierwatch.command.setup.draft import TIER_NAMES, Draft, DraftModel, DraftProvider
from tierwatch.config.urls import read_url
from tierwatch.errors import UsageError
from tierwatch.routing.config.prices import price_of
from tierwatch.routing.tiers import Price

_MOST_TIERS = max(TIER_NAMES)


def vendor_of(model: str) -> str:
    """Who serves a model as a rule, by its name; openai's wire for what nobody knows."""
    return "anthropic" if model.startswith("claude-") else "openai"


def own_provider(model: str, key: str = "") -> DraftProvider:
    """The vendor that serves a model as a rule, with its usual key's variable."""
    if vendor_of(model) == "anthropic":
        return DraftProvider("anthropic", "anthropic", "", key or "ANTHROPIC_API_KEY")
    return DraftProvider("openai", "openai", "", key or "OPENAI_API_KEY")


def drafted(
    tiers: Sequence[str],
    *,
    judge: str,
    base_url: str,
    key: str,
    tolerance: float,
    sample_rate: float,
    budget: float,
) -> Draft:
    """A draft from options.

    Args:
        tiers: ``NAME=MODEL``, cheapest first.
        judge: model; empty for none yet.
        base_url: of one server for all of them; empty for the vendors.
        key: environment variable of its key; empty for the vendors' usual ones.
        tolerance: of every tier but the top.
        sample_rate: share of the traffic.
        budget: USD a day.

    Raises:
        UsageError: a tier is not written so.
    """
    models: dict[str, str] = {}
    for given in tiers:
        name, equals, model = (part.strip() for part in given.partition("="))
        if not (name and equals and model) or name in models:
            raise UsageError(
                f"--tier: found {given!r}; accepted NAME=MODEL, each name once, cheapest first"
            )
        models[name] = model
    asked = [*models.values(), *([judge] if judge else [])]
    if base_url:
        providers = [DraftProvider("own", "openai", _address(base_url), key)]
    else:
        named = {vendor_of(model): own_provider(model, key) for model in asked}
        providers = [named[vendor] for vendor in sorted(named)]

    def model_at(model: str, price: Price | None = None) -> DraftModel:
        provider = "own" if base_url else vendor_of(model)
        return DraftModel(model, ((provider, model),), price, guessed=False)

    return Draft(
        tiers={name: _known(model_at(model)) for name, model in models.items()},
        providers=tuple(providers),
        judge=model_at(judge) if judge else None,
        aliases={},
        tolerance=tolerance,
        sample_rate=sample_rate,
        budget_usd_per_day=budget,
    )


def _known(model: DraftModel) -> DraftModel:
    """With 0 in place of a price that nobody knows, and said to be."""
    if price_of(model.model, None, {}).price is not None:
        return model
    return DraftModel(model.model, model.places, None, guessed=True)


def _address(given: str) -> str:
    try:
        return read_url(given)
    except ValueError as problem:
        raise UsageError(f"--base-url: found {given!r}; {problem}") from None


def asked_draft(*, tolerance: float, sample_rate: float, budget: float) -> Draft:
    """Ask a person on the terminal; a line left empty takes what stands in brackets."""
    click.echo("Two or three models, from the cheapest to the best.")
    models: list[str] = []
    for words in ("the cheapest model", "a model between, or nothing", "the best model"):
        optional = "nothing" in words
        model = click.prompt(words, default="" if optional else None, show_default=False).strip()
        if model:
            models.append(model)
    base_url = click.prompt(
        "address of your own server with OpenAI's wire, or nothing for the vendors'",
        default="",
        show_default=False,
    ).strip()
    key = ""
    if base_url:
        key = click.prompt(
            "environment variable of its key, or nothing", default="", show_default=False
        ).strip()
    judge = click.prompt(
        "the model that judges, none of these (or nothing for now)", default="", show_default=False
    ).strip()
    tolerance = click.prompt(
        "share of materially worse answers that you accept of a cheaper tier",
        default=tolerance,
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
    )
    budget = click.prompt(
        "USD a day that watching may cost", default=budget, type=click.FloatRange(0, min_open=True)
    )
    names = TIER_NAMES.get(len(models), TIER_NAMES[_MOST_TIERS])
    return drafted(
        [f"{name}={model}" for name, model in zip(names, models, strict=False)],
        judge=judge,
        base_url=base_url,
        key=key,
        tolerance=tolerance,
        sample_rate=sample_rate,
        budget=budget,
    )

"""`tierwatch check`: whether a configuration is accepted, and what it means."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import read_settings

if TYPE_CHECKING:
    from tierwatch.config import Config


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@ends_in_a_sentence
def command(file: Path | None) -> None:
    """Say whether FILE is a configuration we accept, and what it means.

    Without FILE the one that TIERWATCH_CONFIG names, or tierwatch.yaml.
    """
    from tierwatch.config import load_config

    file = read_settings().config if file is None else file
    config = load_config(file)
    say(f"{file}: accepted")
    show_config(config)


def show_config(config: "Config") -> None:
    """What an accepted configuration means, and what it lacks to serve traffic."""
    from tierwatch.config.model_patterns import AUTO, unused_patterns
    from tierwatch.routing.config.prices import price_words

    for tier in config.tiers:
        threshold = config.initial_policy.thresholds.get(tier.name)
        kept = "takes what no other tier keeps" if threshold is None else f"keeps from {threshold}"
        places = ", ".join(dict.fromkeys(place.provider for place in tier.served_at()))
        say(f"  {tier.name}: {tier.model} at {places or 'no provider yet'}, {kept}")
    for key, priced in config.prices.items():
        say(f"  {key}: {price_words(priced)}")
    say(f"  alerts: {config.evaluation.alert_words}")
    gateway = config.gateway
    fixed = (*AUTO, *gateway.auto_models, *(tier.name for tier in config.tiers))
    for pattern, why in unused_patterns(gateway.models, fixed).items():
        say(f"  warning: gateway.models {pattern!r} decides nothing: {why}")
    for missing in config.missing_providers:
        say(f"  no provider for {missing}: add one under `providers` before `tierwatch up`")
    if config.evaluation.judge is None:
        say("  no judge: add evaluation.judge before `tierwatch up`")

"""`tierwatch recorded`: a provider that answers from recorded traffic; the demo starts it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tierwatch.command.terminal import ends_in_a_sentence
from tierwatch.settings import Settings, read_settings

if TYPE_CHECKING:
    from tierwatch.config import JudgeConfig


def _read_options(_: click.Context, __: click.Parameter, text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise click.BadParameter("not a JSON object")
    return read


@click.command("recorded", hidden=True)
@click.option("--traffic", type=click.Path(path_type=Path), required=True)
@click.option("--port", type=int, required=True)
@click.option("--options", default="{}", callback=_read_options, help="RecordedOptions as JSON.")
@ends_in_a_sentence
def command(traffic: Path, port: int, options: Mapping[str, Any]) -> None:
    """Serve recorded traffic as a provider; the configuration names the tiers' models."""
    run_recorded(read_settings(), traffic, port=port, options=options)


def run_recorded(
    settings: Settings, traffic: Path, *, port: int, options: Mapping[str, Any]
) -> None:
    """Serve recorded traffic on the OpenAI wire until told to stop.

    Raises:
        ConfigError: the configuration is not accepted.
        TrafficError: the file cannot be read.
    """
    from tierwatch.config import load_config
    from tierwatch.evalsets import anchors, probes
    from tierwatch.loop.capture.redact import load_redactor
    from tierwatch.providers.recorded.answers import RecordedOptions
    from tierwatch.providers.recorded.provider import build_recorded_app, serve
    from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic
    from tierwatch.runtime.log_lines import configure_logging

    configure_logging(settings)
    config = load_config(settings.config)
    classifier = getattr(config.classifier, "model", None)
    app = build_recorded_app(
        [item for item in read_traffic(traffic) if isinstance(item, RecordedExchange)],
        tier_of_model={tier.model: tier.name for tier in config.tiers},
        judge_models=_judges(config.evaluation.judge),
        classifier_models={classifier} if classifier else set(),
        redact=load_redactor(settings.redactor or None),
        options=RecordedOptions(**options),
        prices={tier.name: tier.price for tier in config.tiers},
        anchors=anchors().items,
        probes=probes().items,
    )
    serve(app, port=port)


def _judges(judge: "JudgeConfig | None") -> set[str]:
    """Models that are asked to compare; a judge of kind ``recorded`` asks none."""
    if judge is None:
        return set()
    return {model for model in (judge.model, judge.first and judge.first.model) if model}

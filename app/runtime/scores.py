"""Where scores go back to: entries of ``scores`` come in, what sends to them goes out."""

from collections.abc import Mapping

from tierwatch.config import Config
from tierwatch.config.outgoing.scores import ScoresConfig, score_names
from tierwatch.loop.compare.scores import ScorePlace
from tierwatch.notify.scores.langfuse import CLOUD, LangfuseScores
from tierwatch.notify.scores.phoenix import PhoenixScores
from tierwatch.notify.scores.trace_score import ScoreDestination


def build_score_destinations(
    config: Config, environ: Mapping[str, str]
) -> tuple[ScoreDestination, ...]:
    """What sends to each place, in their order.

    Raises:
        SettingsError: the variable or file of a key holds none.
    """
    places = zip(config.scores, score_names(config.scores), strict=True)
    return tuple(_built(one, name, environ) for one, name in places)


def score_places(config: Config) -> tuple[ScorePlace, ...]:
    """Which exchanges have a score for which place."""
    places = zip(config.scores, score_names(config.scores), strict=True)
    return tuple(ScorePlace(name, one.takes) for one, name in places)


def _built(one: ScoresConfig, name: str, environ: Mapping[str, str]) -> ScoreDestination:
    key = None if one.key is None else one.key.reveal(environ)
    if one.kind == "phoenix":
        return PhoenixScores(one.base_url, key, name, one.give_up_s)
    public = "" if one.public_key is None else one.public_key.reveal(environ)
    return LangfuseScores(one.base_url or CLOUD, public, key or "", name, one.give_up_s)

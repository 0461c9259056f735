"""What the embedded stack is told: a given configuration, with recorded traffic behind it."""

from pathlib import Path

from tierwatch.command.stack.effective_config import write_effective_config
from tierwatch.config import load_config

GIVEN = """\
routing:
  classifier: {model: cheap, providers: [{provider: a}, {provider: b}]}
  tiers:
    simple: {model: small-1, cost: 1, providers: [{provider: a}, {provider: b, model: other}]}
    complex: {model: large-1, cost: 15, provider: a}
providers:
  a: {kind: openai}
  b: {kind: anthropic}
"""


def test_every_tier_is_served_by_the_recorded_provider_however_many_it_had(tmp_path: Path) -> None:
    given = tmp_path / "given.yaml"
    given.write_text(GIVEN)
    path = write_effective_config(
        given, sample_rate=None, folder=tmp_path / "effective", recorded_port=1234
    )
    config = load_config(path)
    for tier in config.tiers:
        (place,) = tier.served_at()
        # Recorded answers are found by the tier's model, not by what a deployment calls it.
        assert (place.provider, place.model) == ("recorded", tier.model)
    assert (config.classifier.provider, config.classifier.deployments) == ("recorded", ())

"""What the embedded stack is told: a given configuration, with recorded traffic behind it."""

from pathlib import Path

import pytest
import yaml

from tierwatch.command.replaying.effective_config import write_effective_config
from tierwatch.config import Config, load_config
from tierwatch.errors import ConfigError
from tierwatch.routing.classify.local import LocalClassifier

GIVEN = """\
routing:
  classifier: {model: cheap, cost: 1, providers: [{provider: a}, {provider: b}]}
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


def effective(tmp_path: Path, more: str, sample_rate: float | None = None) -> Config:
    given = tmp_path / "given.yaml"
    given.write_text(GIVEN + more)
    folder = tmp_path / "effective"
    return load_config(
        write_effective_config(given, sample_rate=sample_rate, folder=folder, recorded_port=1234)
    )


def test_a_sampling_rate_that_is_asked_for_is_that_of_all_exchanges(tmp_path: Path) -> None:
    rates = "evaluation: {sample_rate: 0.1, probe_down_rate: 0.4}\n"
    kept = effective(tmp_path, rates).evaluation
    assert (kept.sample_rate, kept.probe_down_rate) == (0.1, 0.4)
    asked = effective(tmp_path, rates, sample_rate=1.0).evaluation
    assert (asked.sample_rate, asked.probe_down_rate) == (1.0, None)
    assert effective(tmp_path, rates, sample_rate=0.0).evaluation.sample_rate == 0


@pytest.mark.parametrize(
    ("judge", "model"),
    [
        ("{kind: pairwise, model: judge-1, orders: one, cost: 2}", "judge-1"),
        ("{kind: recorded, verdicts: seen.jsonl, cost: 2}", "recorded-judge"),
    ],
)
def test_any_judge_becomes_one_that_reads_pairs_and_keeps_its_price(
    tmp_path: Path, judge: str, model: str
) -> None:
    (tmp_path / "seen.jsonl").write_text("{}\n")
    config = effective(tmp_path, f"evaluation: {{judge: {judge}}}\n")
    found = config.evaluation.judge
    assert found is not None
    assert (found.kind, found.model) == ("pairwise", model)
    assert found.orders == ("one" if "orders: one" in judge else "both")
    assert config.unpriced == ()


def test_nobody_is_notified_and_no_key_is_asked_for(tmp_path: Path) -> None:
    more = "gateway: {api_keys: [env:NO_SUCH_KEY]}\nnotify: [{kind: webhook, url: env:NO_HOOK}]\n"
    config = effective(tmp_path, more)
    assert config.gateway.api_keys == ()
    assert config.notify == ()


def test_learned_models_are_found_though_the_file_is_elsewhere(tmp_path: Path) -> None:
    given = GIVEN.replace(
        "{model: cheap, cost: 1, providers: [{provider: a}, {provider: b}]}",
        "{kind: local, models: {simple: models/simple.model}}",
    )
    (tmp_path / "given.yaml").write_text(given)
    (tmp_path / "models").mkdir()
    LocalClassifier().save(tmp_path / "models" / "simple.model")
    path = write_effective_config(
        tmp_path / "given.yaml", sample_rate=None, folder=tmp_path / "far", recorded_port=1
    )
    written = yaml.safe_load(path.read_text())["routing"]["classifier"]
    assert written["models"] == {"simple": str(tmp_path / "models" / "simple.model")}


def test_a_mistake_is_said_of_the_given_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"given\.yaml:\d+: evaluation"):
        effective(tmp_path, "evaluation: {sample_rate: 7}\n")
    assert not (tmp_path / "effective").exists()

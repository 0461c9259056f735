"""The configuration that a replay runs with: the given one, every provider a recorded one."""

from pathlib import Path
from typing import Any

import yaml

from tierwatch.config import load_config
from tierwatch.evalsets import FOLDER

# The configuration of a demo that is given none.
DEMO_CONFIG = FOLDER / "demo" / "tierwatch.yaml"
RECORDED_JUDGE = "recorded-judge"


def write_effective_config(
    given: Path, *, sample_rate: float | None, folder: Path, recorded_port: int
) -> Path:
    """Write the given configuration with every provider replaced by the recorded one.

    Raises:
        ConfigError: the given file is not accepted.
    """
    load_config(given)  # said with its own file and lines, before anything is replaced
    document = yaml.safe_load(given.read_text())
    document["providers"] = {
        "recorded": {"kind": "openai", "base_url": f"http://127.0.0.1:{recorded_port}/v1"}
    }
    _serve_by_the_one_provider(document["routing"], beside=given.parent.resolve())
    evaluation = document.setdefault("evaluation", {})
    evaluation["judge"] = _recorded_judge(evaluation.get("judge") or {})
    if sample_rate is not None:
        evaluation["sample_rate"] = sample_rate
        # Else escalated traffic would keep a rate of its own, and 1 would not be every exchange.
        evaluation.pop("probe_down_rate", None)
    document.setdefault("gateway", {}).pop("api_keys", None)
    document.pop("notify", None)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tierwatch.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def _serve_by_the_one_provider(routing: dict[str, Any], *, beside: Path) -> None:
    """Forget who served tiers and classifier; find its models though the file has moved."""
    classifier = routing.get("classifier", {})
    for served in (*routing["tiers"].values(), classifier):
        served.pop("provider", None)
        served.pop("providers", None)
    if "models" in classifier:
        files = classifier["models"].items()
        classifier["models"] = {tier: str(beside / file) for tier, file in files}


def _recorded_judge(given: dict[str, Any]) -> dict[str, Any]:
    """A judge that reads pairs, whatever kind was given; its name, orders and price stay."""
    kept: dict[str, Any] = {key: given[key] for key in ("orders", "cost") if key in given}
    return {"kind": "pairwise", "model": given.get("model") or RECORDED_JUDGE, **kept}

"""Configuration files: the article's, a whole one, and what a changed one is told."""

from pathlib import Path

import pytest

from tierwatch.config import Config, load_config
from tierwatch.errors import ConfigError

# As CONTRACT.md promises that it loads.
ARTICLE = """\
routing:
  classifier: {model: gpt-4o-mini, max_tokens: 50}
  tiers:
    simple:   {model: claude-haiku-4-5,  cost: ~$0.25/M tokens}
    standard: {model: claude-sonnet-4-6, cost: ~$3.00/M tokens}
    complex:  {model: claude-opus-4-6,   cost: ~$15.00/M tokens}
  fallback: {strategy: escalate, threshold: Confidence < 0.7}
"""

WHOLE = (
    ARTICLE
    + """\
providers:
  anthropic: {kind: anthropic, api_key: env:ANTHROPIC_API_KEY}
  openai: {kind: openai, api_key: env:OPENAI_API_KEY, timeout: 5m}
evaluation:
  sample_rate: 0.05
  budget_usd_per_day: 25
  tolerance: {simple: 0.05, standard: 0.04}
  judge: {kind: pairwise, model: gpt-4o, orders: both}
  retune: {mode: propose, step: 0.1, alpha: tolerance, delta: 0.05, min_pairs: 200}
  alert_level: 1.0e7
"""
)


def load(folder: Path, text: str) -> Config:
    """The configuration that this text is, as ``tierwatch.yaml`` in a folder."""
    path = folder / "tierwatch.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problems(folder: Path, text: str) -> list[str]:
    """Each problem without the folder: ``tierwatch.yaml:3: key: found X; accepted Y``."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def told(folder: Path, old: str, new: str) -> list[str]:
    """What the whole file's owner is told when ``old`` in it becomes ``new``, without its name."""
    assert old in WHOLE
    found = problems(folder, WHOLE.replace(old, new, 1))
    return [problem.removeprefix("tierwatch.yaml:") for problem in found]

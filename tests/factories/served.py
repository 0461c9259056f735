"""A configuration that says how its tiers are served: deployments, balance, cascade."""

from pathlib import Path

import pytest

from tierwatch.config import load_config
from tierwatch.errors import ConfigError

SERVED = """\
routing:
  tiers:
    simple:
      model: small-1
      cost: 1
      providers:
        - {provider: a, weight: 3}
        - {provider: b, model: small-1-eu, cost: 0.8}
    standard: {model: mid-1, cost: 3, provider: b}
    complex: {model: large-1, cost: 15, provider: a}
  balance: {strategy: least_busy}
  cascade: {tiers: [simple]}
providers:
  a: {kind: openai}
  b: {kind: anthropic}
"""


def changed(folder: Path, old: str, new: str) -> list[str]:
    """What the file's owner is told when ``old`` in it becomes ``new``, without the file's name."""
    assert old in SERVED
    path = folder / "t.yaml"
    path.write_text(SERVED.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]

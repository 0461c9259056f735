"""A configuration may be accepted and still not be able to serve."""

from pathlib import Path

import pytest

from tierwatch.command.serve.serving_config import serving_config
from tierwatch.errors import ConfigError, UsageError

BARE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
"""


def test_every_tier_needs_somebody_to_serve_it(tmp_path: Path) -> None:
    file = tmp_path / "tierwatch.yaml"
    file.write_text(BARE)
    with pytest.raises(
        UsageError, match=r"no provider for .*; add one under `providers`, as openai"
    ):
        serving_config(file)
    file.write_text(BARE + "providers: {own: {kind: openai}}\n")
    assert serving_config(file).missing_providers == ()


def test_a_mistake_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "tierwatch.yaml"
    file.write_text(BARE.replace("15", "cheap"))
    with pytest.raises(ConfigError, match=r"tierwatch\.yaml:4: routing\.tiers\.complex\.cost"):
        serving_config(file)

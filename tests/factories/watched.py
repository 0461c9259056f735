"""Routers that are only watched, whose thresholds are those of `rows.add_policy`."""

from dataclasses import replace
from pathlib import Path

from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.routing.foreign.router import ForeignRouter

TIERS = ("simple", "standard", "complex")
NOW = {"simple": 0.7, "standard": 0.7}
THEN = {"simple": 0.8, "standard": 0.7}
OF = {"a-1": "simple", "b-1": "standard", "c-1": "complex", "d-1": "complex"}
LITELLM = ForeignRouter(
    kind="litellm_complexity",
    name="smart-router",
    tiers=TIERS,
    tier_of=lambda name: OF.get(name, ""),
    keys={},
    file="config.yaml",
    text="""\
tiers: {SIMPLE: a-1, MEDIUM: b-1, COMPLEX: c-1, REASONING: d-1}
tier_boundaries:
  simple_medium: 0.3
  medium_complex: 0.3
""",
)
JSON = replace(
    LITELLM,
    kind="json",
    name="",
    file="router.json",
    text='{"simple": 0.7, "standard": 0.7}\n',
)
WATCHED = Watched(LITELLM)


def in_a_file(folder: Path, router: ForeignRouter = JSON) -> ForeignRouter:
    """The router with its settings in a file of its own."""
    path = folder / router.file
    path.write_text(router.text)
    return replace(router, path=path)

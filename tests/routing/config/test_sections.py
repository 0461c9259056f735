from pathlib import Path

import pytest

from tierwatch.errors import UsageError
from tierwatch.routing.config.providers import provider_of
from tierwatch.routing.config.routing import load_routing
from tierwatch.routing.router import Router

YAML = """\
routing:
  classifier: {model: cheap}
  tiers:
    simple: {model: small-1, cost: 0.25, description: facts}
    complex: {model: large-1, cost: 15}
  retry: {attempts: 0, wait: 50ms, escalate: no}
  default_tier: simple
"""

BOTH = {"a": "anthropic", "o": "openai", "o2": "openai"}


@pytest.mark.parametrize(
    ("model", "named", "kinds", "provider"),
    [
        ("gpt-4o", None, {}, ""),
        ("gpt-4o", "mine", {}, "mine"),
        ("gpt-4o", None, {"x": "anthropic"}, "x"),
        ("gpt-4o", None, BOTH, "o"),
        ("claude-haiku-4-5", None, BOTH, "a"),
        ("anthropic/claude-haiku-4-5", None, BOTH, "o"),
        ("gpt-4o", "o2", BOTH, "o2"),
        ("gpt-4o", "other", BOTH, None),
        ("claude-haiku-4-5", None, {"o": "openai", "o2": "openai"}, "o"),
        ("gpt-4o", None, {"a": "anthropic", "b": "anthropic"}, None),
        ("gpt-4o", None, {"a": "anthropic", "b": "azure"}, "b"),
    ],
)
def test_the_provider_of_a_model(
    model: str, named: str | None, kinds: dict[str, str], provider: str | None
) -> None:
    assert provider_of(model, named, kinds) == provider


def test_the_routing_section(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(YAML)
    routing = load_routing(path)
    assert [tier.description for tier in routing.tiers] == ["facts", ""]
    assert (routing.retry.attempts, routing.retry.wait_s, routing.retry.escalate) == (
        0,
        0.05,
        False,
    )
    assert (routing.default_tier, routing.initial_policy.thresholds) == ("simple", {"simple": 0.7})
    # The gateway classifies by itself: a router without `ask` decides, and does not classify.
    router = Router.described(routing)
    assert router.route([]).reason == "classifier_failed:no_classifier"
    with pytest.raises(UsageError, match="needs `ask`"):
        Router.from_config(path)

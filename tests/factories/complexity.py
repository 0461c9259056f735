"""LiteLLM's complexity router: its own code where it is installed, and files as its users have."""

import importlib.util
from collections.abc import Mapping
from typing import Any, Final

import pytest

# By tier of LiteLLM's, a model.
MODELS: Final = {"SIMPLE": "a-1", "MEDIUM": "b-1", "COMPLEX": "c-1", "REASONING": "d-1"}
NO_LITELLM: Final = pytest.mark.skipif(
    importlib.util.find_spec("litellm") is None, reason="litellm is not installed here"
)
# Scores from below 0 to above the last boundary, some exactly on one, two with the override.
PROMPTS: Final = (
    "hi",
    "What is the capital of France?",
    "Tell me how a small town library could lend its books to more readers this year",
    "Please look at this function and tell me what it does for the people who call it daily",
    "Write a function in this class that reads the api and returns what the database has",
    "Explain the architecture of a distributed kubernetes microservice with authentication",
    "Write the function and class for the api of a distributed database, with its architecture",
    "think through this step by step: who was the king of France when it was founded there",
    "Think through it step by step: why does the function of this class fail in the database",
    "first read it, then write it down; 1. one 2. two and tell me about it? why? when? where? who?",
    "word " * 500,
    "the function and class of a distributed database architecture " * 60,
)


def complexity_router(config: Mapping[str, Any]) -> Any:
    """LiteLLM's router itself, which calls no model."""
    from litellm.router_strategy.complexity_router.complexity_router import (
        ComplexityRouter,
    )

    return ComplexityRouter(
        model_name="smart-router",
        litellm_router_instance=None,
        complexity_router_config=dict(config),
        derive_savings_baseline=False,
    )


def proxy_file() -> str:
    """A proxy's whole file, with a router that has one boundary of its own."""
    return """\
# our proxy
model_list:
  - model_name: smart-router
    litellm_params:
      model: auto_router/complexity_router
      complexity_router_config:
        tiers:
          SIMPLE: a-1
          MEDIUM: b-1
          COMPLEX: c-1
          REASONING: d-1
        tier_boundaries:
          simple_medium: 0.2 # more to the small one
  - model_name: a-1
    litellm_params: {model: openai/a-1, api_key: sk-secret}
"""

"""The routing library: messages come in, a `Decision` goes out. Importable alone, by anybody.

    from tierwatch.routing import Router

    router = Router.from_config("tierwatch.yaml")
    decision = router.route([{"role": "user", "content": "What is the capital of France?"}])
    print(decision.tier, decision.model, decision.reason)

It knows no database, HTTP, clock or environment, and the standard library is all it needs until
``Router.from_config`` reads a file. Each name below is imported when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwatch.routing.classify.local import LocalClassifier
    from tierwatch.routing.classify.local_tiers import LocalTierClassifier
    from tierwatch.routing.decision import Decision
    from tierwatch.routing.policy import ActivePolicies, Policy
    from tierwatch.routing.router import Router
    from tierwatch.routing.tiers import Price, Tier

__all__ = [
    "ActivePolicies",
    "Decision",
    "LocalClassifier",
    "LocalTierClassifier",
    "Policy",
    "Price",
    "Router",
    "Tier",
]

_ROOMS = {
    "ActivePolicies": "policy",
    "Decision": "decision",
    "LocalClassifier": "classify.local",
    "LocalTierClassifier": "classify.local_tiers",
    "Policy": "policy",
    "Price": "tiers",
    "Router": "router",
    "Tier": "tiers",
}


def __getattr__(name: str) -> object:
    """A public name, from the module that makes it (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """What the module holds, the public names among it whether imported yet or not."""
    return sorted({*globals(), *__all__})

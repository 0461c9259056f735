"""The routing library: importable alone, pure, no database, HTTP, clock or environment.

    from tierwatch.routing import Router

    router = Router.from_config("tierwatch.yaml")
    decision = router.route([{"role": "user", "content": "What is the capital of France?"}])
    print(decision.tier, decision.model, decision.reason)

Neither pydantic nor yaml is imported until ``Router.from_config`` reads a file.
"""

from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import Policy
from tierwatch.routing.router import Router

__all__ = ["Decision", "Policy", "Router"]

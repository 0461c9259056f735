"""What choosing a deployment adds to a request: pick, begin and close one call.

Prints JSON: for each strategy with one, three and ten deployments, the median and the 99th
percentile in microseconds, and each as a ratio to `json.loads` of a request's body in the same
run, which is what a gateway does with it anyway.

    python benchmarks/balance.py [--calls N] [--seed N]
"""

import argparse
import json
import platform
import random
from typing import Any

from decide import request, summary, timed_us
from prometheus_client import CollectorRegistry

from tierwatch.gateway.answer.tries import Tries
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.tiers import Deployment, Price, Tier

STRATEGIES = ("weighted", "least_busy", "cheapest")


def balanced(strategy: str, count: int) -> tuple[Balancer, Tier]:
    """A balancer over one tier with that many deployments."""
    places = tuple(Deployment(f"p{n}", "m", Price(1 + n % 2, 1), 1 + n) for n in range(count))
    tier = Tier("simple", "m", "p0", Price(1, 1), deployments=places)
    section = BalanceSection.model_validate({"strategy": strategy})
    return Balancer([tier], section, GatewayMetrics(CollectorRegistry())), tier


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    chance = random.Random(asked.seed)
    bodies = [json.dumps(request(chance)) for _ in range(asked.calls)]
    parsing = timed_us(json.loads, bodies)
    result: dict[str, Any] = {
        "calls": asked.calls,
        "seed": asked.seed,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "json_loads": summary(parsing, parsing),
    }
    retry = RetrySection()
    for strategy in STRATEGIES:
        for count in (1, 3, 10):
            balancer, tier = balanced(strategy, count)

            def call(_: str, balancer: Balancer = balancer, tier: Tier = tier) -> None:
                with Tries(balancer, [tier], retry).first() as made:
                    pass
                made.close()

            result[f"{strategy}_{count}"] = summary(timed_us(call, bodies), parsing)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

"""How long a decision takes: the heuristic and the static classifier, from messages to tier.

Prints JSON: for each classifier the median and the 99th percentile in microseconds over varied
prompts, the same for one prompt of 200,000 characters, and each as a ratio to `json.loads` of the
same requests in the same run, which is what a gateway does with them anyway.

    python benchmarks/decide.py [--requests N] [--seed N]
"""

import argparse
import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

NAMES = ("simple", "standard", "complex")
WORDS = (
    "the of and a to in is you that it he was for on are as with his they I at be this have from"
    " or one had by word but not what all were we when your can said there use each which she do"
    " how their if will up other about out many then them these so some her would make like him"
    " write explain prove derive equation must exactly table code function data system design"
)
KINDS = ("question", "task", "options", "code", "maths", "conversation")
HUGE = 200_000


def request(chance: random.Random) -> dict[str, Any]:
    """One request of a random kind, between 20 and some 20,000 characters, mostly short."""
    words = WORDS.split()
    text = " ".join(chance.choices(words, k=int(min(4_000, chance.lognormvariate(4, 1.2))) + 4))
    kind = chance.choice(KINDS)
    if kind == "question":
        text = f"What is {text}?"
    elif kind == "options":
        text += "".join(f"\n{letter}. {chance.choice(words)}" for letter in "ABCDEFGHIJ")
    elif kind == "code":
        text += f"\n```python\ndef f(x):\n    return x + {chance.randrange(100)}\n```"
    elif kind == "maths":
        text += f" Find $\\int_0^1 x^{chance.randrange(9)} \\, dx$ and $\\sum_k 2^{{-k}}$."
    messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
    if kind == "conversation":
        earlier = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": text}]
        messages = [*earlier, *messages]
    return {"model": "auto", "messages": messages}


def timed_us(act: Callable[[Any], object], inputs: Sequence[Any]) -> list[float]:
    """Microseconds of each call, after one round that warms up."""
    for value in inputs[:200]:
        act(value)
    times = []
    for value in inputs:
        start = time.perf_counter_ns()
        act(value)
        times.append((time.perf_counter_ns() - start) / 1_000)
    return times


def summary(times: Sequence[float], parsing: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile, and each against that of parsing."""
    median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    return {
        "median_us": round(median, 2),
        "p99_us": round(p99, 2),
        "median_to_json_loads": round(median / statistics.median(parsing), 2),
        "p99_to_json_loads": round(p99 / statistics.quantiles(parsing, n=100)[98], 2),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=5_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    chance = random.Random(asked.seed)
    varied = [request(chance) for _ in range(asked.requests)]
    long_text = " ".join(chance.choices(WORDS.split(), k=HUGE // 4))[:HUGE]
    huge = [{"model": "auto", "messages": [{"role": "user", "content": long_text}]}] * 200
    tiers = tuple(Tier(name, name, "", Price(n, n)) for n, name in enumerate(NAMES))
    policies = ActivePolicies(Policy(1, {"simple": 0.7, "standard": 0.7}))
    result: dict[str, Any] = {
        "requests": asked.requests,
        "seed": asked.seed,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    for kind, chats in (("varied", varied), (f"{HUGE}_characters", huge)):
        bodies = [json.dumps(chat) for chat in chats]
        parsing = timed_us(json.loads, bodies)
        result[kind] = {"json_loads": summary(parsing, parsing)}
        for name, classifier in (
            ("heuristic", HeuristicClassifier(NAMES)),
            ("static", StaticClassifier("simple")),
        ):
            router = Router(tiers, classifier, policies, "complex")

            def decide(chat: Any, router: Router = router) -> Decision:
                return router.route(chat["messages"], "s")

            times = timed_us(decide, chats)
            result[kind][name] = summary(times, parsing)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

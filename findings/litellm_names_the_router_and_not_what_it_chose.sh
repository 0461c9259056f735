#!/usr/bin/env bash
# What:   litellm 1.108.7, a `Router` with a model of kind `auto_router/complexity_router` over two model groups, one easy and one
#         hard question with answers of its own (`mock_response`), and a `CustomLogger` that keeps `standard_logging_object`.
# Guess:  `model_group` says which of the groups served a call, as it does for every other call: what a spend report, an evaluation
#         or a rate limit by group counts.
# Seen:   it is the router's own name for both, so that all traffic of a router looks like one group. The group that was chosen
#         stands in `metadata.routing_decision.routed_model`, with the score and the boundaries. And a logger whose
#         `async_log_success_event` names its parameters otherwise than `kwargs, response_obj, start_time, end_time` gets nothing:
#         they are passed by keyword, the TypeError is only logged, and the call's record is lost.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > seen.py <<'PY'
import asyncio
import json
import logging

import litellm
from litellm import Router
from litellm.integrations.custom_logger import CustomLogger

logging.disable(logging.CRITICAL)
records, renamed = [], []


class Named(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        records.append(kwargs["standard_logging_object"])


class Renamed(CustomLogger):
    async def async_log_success_event(self, call, answer, began, ended):
        renamed.append(call)


litellm.callbacks = [Named(), Renamed()]


def group(name, model):
    return {"model_name": name, "litellm_params": {"model": f"openai/{model}", "api_key": "k", "mock_response": "Paris."}}


router = Router(model_list=[
    group("cheap", "model-a"),
    group("dear", "model-b"),
    {"model_name": "smart", "litellm_params": {
        "model": "auto_router/complexity_router",
        "complexity_router_default_model": "dear",
        "complexity_router_config": {
            "tiers": {"SIMPLE": "cheap", "MEDIUM": "dear", "COMPLEX": "dear", "REASONING": "dear"},
        },
    }},
])
HARD = ("Think step by step: analyse the time complexity of this distributed consensus algorithm, compare it with Paxos and Raft,"
        " prove its safety, and design a database schema and an API for its Kubernetes deployment with encryption.")


async def ask():
    for question in ("What is the capital of France?", HARD):
        await router.acompletion(model="smart", messages=[{"role": "user", "content": question}])
    for _ in range(100):
        if len(records) == 2:
            return
        await asyncio.sleep(0.1)


asyncio.run(ask())
seen = sorted((one["model_group"], one["metadata"]["routing_decision"]["routed_model"]) for one in records)
print(json.dumps({"model_group, routed_model": seen, "records of the logger with other names": len(renamed)}))
assert seen == [("smart", "cheap"), ("smart", "dear")]
assert renamed == []
PY
python3 -m venv venv
venv/bin/pip install -q litellm==1.108.7
venv/bin/python seen.py

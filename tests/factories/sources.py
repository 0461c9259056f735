"""What programs send of another router's traffic, a body for each kind of source."""

import json
import uuid
from typing import Any

STARTED = 1_795_995_130.5
CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {own: {kind: openai, base_url: "http://127.0.0.1:1/v1"}}
evaluation: {sample_rate: 1, direct_share: 0}
intake:
  keys:
    - {source: proxy, key: env:PROXY_KEY, accepts: litellm}
    - {source: app, key: env:APP_KEY}
watch:
  tiers: {simple: [fast, "gpt-5-mini*"], complex: [smart]}
"""
ENVIRON = {"PROXY_KEY": "sk-proxy-1", "APP_KEY": "sk-app-1"}


def litellm_record(**changes: Any) -> dict[str, Any]:
    """A record of LiteLLM's as its proxy sends it for a whole answer."""
    return {
        "id": "chatcmpl-1",
        "litellm_call_id": str(uuid.uuid4()),
        "trace_id": str(uuid.uuid4()),
        "session_id": "",
        "call_type": "acompletion",
        "status": "success",
        "stream": None,
        "model": "openai/small-1",
        "model_group": "fast",
        "custom_llm_provider": "openai",
        "startTime": STARTED,
        "endTime": STARTED + 1.5,
        "completionStartTime": STARTED + 1.5,
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "response_cost": 9.25e-05,
        "messages": [{"role": "user", "content": "Say hello."}],
        "model_parameters": {},
        "response": {
            "model": "small-1-2026",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "Hello there."},
                }
            ],
            "usage": {
                "prompt_tokens": 11,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 4},
            },
        },
        "hidden_params": {
            "response_cost": 9.25e-05,
            "additional_headers": {"x-litellm-attempted-fallbacks": 0},
        },
        "error_information": {"error_code": "", "error_class": ""},
        "end_user": None,
        "request_tags": [],
        **changes,
    }


def litellm_failure(code: str = "500", **changes: Any) -> dict[str, Any]:
    """A record of a call that gave no answer."""
    failure = {
        "status": "failure",
        "response": {},
        "response_cost": 0.0,
        "hidden_params": {"response_cost": 0.0, "additional_headers": None},
        "error_information": {"error_code": code, "error_class": "InternalServerError"},
    }
    return litellm_record(**failure | changes)


def outcome(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An outcome as anybody may post it."""
    return {
        "id": f"call-{number}",
        "model": "small-1",
        "started_at": STARTED + number,
        "request": {"messages": [{"role": "user", "content": f"What is {number} + 2?"}]},
        "answer": {"role": "assistant", "content": f"It is {number + 2}."},
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        "latency_ms": 120.0,
        **changes,
    }


def body(*objects: object) -> bytes:
    """Objects as a body."""
    return json.dumps(list(objects)).encode()

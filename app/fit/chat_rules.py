"""What is done to a request of OpenAI's chat completions for a model that cannot take it."""

from collections.abc import Iterator

from tierwatch.fit.rule import Request, Rule, capped, has_role, left_out, taken_effort
from tierwatch.routing.facts import Facts

_LIMITS = ("max_tokens", "max_completion_tokens")
_SAMPLING = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
}
_LOGPROBS = {"logprobs": False, "top_logprobs": 0}
_ROLES = {"system": "developer", "developer": "system"}


def _limit(request: Request, facts: Facts) -> Iterator[str]:
    right = facts.limit
    if right is not None:
        wrong = _LIMITS[1 - _LIMITS.index(right)]
        if wrong in request:
            value = request.pop(wrong)
            if right in request:
                yield f"-{wrong}"
            else:
                request[right] = value
                yield f"{wrong}->{right}"
    for name in _LIMITS:
        yield from capped(request, name, facts.output)


def _sampling(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, _SAMPLING)


def _logprobs(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, _LOGPROBS)


def _stop(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, {"stop": []})


def _effort(request: Request, facts: Facts) -> Iterator[str]:
    level, levels = request["reasoning_effort"], facts.effort or ()
    if level is None:
        return
    if not levels:
        del request["reasoning_effort"]
        yield "-reasoning_effort"
        return
    taken = taken_effort(level, levels)
    if taken != level:
        request["reasoning_effort"] = taken
        yield f"reasoning_effort={taken}"


def _role(request: Request, facts: Facts) -> Iterator[str]:
    messages, right = request["messages"], str(facts.role)
    wrong = _ROLES[right]
    if isinstance(messages, list) and has_role(messages, wrong):
        request["messages"] = [
            {**message, "role": right} if has_role([message], wrong) else message
            for message in messages
        ]
        yield f"{wrong}->{right}"


RULES = (
    Rule(frozenset(_LIMITS), lambda facts: bool(facts.limit or facts.output), _limit),
    Rule(frozenset(_SAMPLING), lambda facts: facts.temperature == "default", _sampling),
    Rule(frozenset(_LOGPROBS), lambda facts: facts.logprobs is False, _logprobs),
    Rule(frozenset({"stop"}), lambda facts: facts.stop is False, _stop),
    Rule(frozenset({"reasoning_effort"}), lambda facts: facts.effort is not None, _effort),
    Rule(frozenset({"messages"}), lambda facts: facts.role is not None, _role),
)

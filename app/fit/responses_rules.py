"""What is done to a request of OpenAI's Responses for a model that cannot take it."""

from collections.abc import Iterator

from tierwatch.fit.rule import Request, Rule, capped, left_out, taken_effort
from tierwatch.routing.facts import Facts
from tierwatch.wire.json_values import mapping

_SAMPLING = {"temperature": 1, "top_p": 1}
_THOUGHTS = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"


def _limit(request: Request, facts: Facts) -> Iterator[str]:
    yield from capped(request, "max_output_tokens", facts.output)


def _sampling(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, _SAMPLING)


def _logprobs(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, {"top_logprobs": 0})
    yield from _excluded(request, _LOGPROBS)


def _effort(request: Request, facts: Facts) -> Iterator[str]:
    levels = facts.effort or ()
    reasoning = mapping(request.get("reasoning"))
    if not levels:
        if request.pop("reasoning", None) is not None:
            yield "-reasoning"
        yield from _excluded(request, _THOUGHTS)
        return
    level = reasoning.get("effort")
    taken = level if level is None else taken_effort(level, levels)
    if taken != level:
        request["reasoning"] = {**reasoning, "effort": taken}
        yield f"reasoning.effort={taken}"


def _excluded(request: Request, wanted: str) -> Iterator[str]:
    included = request.get("include")
    if isinstance(included, list) and wanted in included:
        request["include"] = [one for one in included if one != wanted]
        yield f"-include.{wanted}"


RULES = (
    Rule(frozenset({"max_output_tokens"}), lambda facts: facts.output is not None, _limit),
    Rule(frozenset(_SAMPLING), lambda facts: facts.temperature == "default", _sampling),
    Rule(frozenset({"top_logprobs", "include"}), lambda facts: facts.logprobs is False, _logprobs),
    Rule(frozenset({"reasoning", "include"}), lambda facts: facts.effort is not None, _effort),
)

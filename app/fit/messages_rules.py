"""What is done to a request of Anthropic's Messages for a model that cannot take it."""

from collections.abc import Iterator

from tierwatch.fit.rule import Request, Rule, capped, has_role, left_out, taken_effort
from tierwatch.routing.facts import Facts
from tierwatch.wire.history.turns import joined_turns, without_orphaned_thinking
from tierwatch.wire.json_values import mapping, objects, string

_LEAST_BUDGET = 1_024  # Anthropic takes no smaller one
# A model that thinks as much as it sees fit has no budget; one that must be given one gets what
# its caller's word for the effort amounts to, and half of the answer's limit at most.
_BUDGETS = {"low": 4_096, "medium": 8_192, "high": 16_384, "xhigh": 32_768, "max": 32_768}
_SAMPLING = {"temperature": 1, "top_p": 1, "top_k": None}
_FORCED = ("any", "tool")


def _limit(request: Request, facts: Facts) -> Iterator[str]:
    for change in capped(request, "max_tokens", facts.output):
        yield change
        yield from _with_budget_below(request)


def _with_budget_below(request: Request) -> Iterator[str]:
    """The budget must stay below the limit that was cut."""
    thinking, most = mapping(request.get("thinking")), request["max_tokens"] - 1
    budget = thinking.get("budget_tokens")
    if type(budget) is not int or budget <= most:
        return
    if most < _LEAST_BUDGET:
        yield from _without_thinking(request)
        return
    request["thinking"] = {**thinking, "budget_tokens": most}
    yield f"thinking.budget_tokens<={most}"


def _thinking(request: Request, facts: Facts) -> Iterator[str]:
    thinking = mapping(request.get("thinking"))
    match (facts.thinking, thinking.get("type")):
        case ("none", "enabled" | "adaptive") | ("always", "disabled"):
            yield from _without_thinking(request)
        case ("adaptive" | "always", "enabled"):
            kept = {name: value for name, value in thinking.items() if name != "budget_tokens"}
            request["thinking"] = {**kept, "type": "adaptive"}
            yield "thinking.enabled->adaptive"
        case ("enabled", "adaptive"):
            yield from _with_a_budget(request)
        case _:
            pass


def _with_a_budget(request: Request) -> Iterator[str]:
    effort = string(mapping(request.get("output_config")).get("effort"))
    limit = request.get("max_tokens")
    most = limit // 2 if type(limit) is int else 0
    budget = min(_BUDGETS.get(effort, _BUDGETS["medium"]), most)
    forced = mapping(request.get("tool_choice")).get("type") in _FORCED  # not beside a budget
    if budget < _LEAST_BUDGET or forced:
        yield from _without_thinking(request)
        return
    request["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if without_orphaned_thinking(request):
        request["thinking"] = None
        yield from _without_thinking(request)
    else:
        yield "thinking.adaptive->enabled"


def _without_thinking(request: Request) -> Iterator[str]:
    del request["thinking"]
    yield "-thinking"
    # What says which thoughts to forget is refused where there are none.
    management = mapping(request.get("context_management"))
    edits = objects(management.get("edits"))
    kept = [edit for edit in edits if not string(edit.get("type")).startswith("clear_thinking")]
    if len(kept) == len(edits):
        return
    yield "-context_management.clear_thinking"
    if kept:
        request["context_management"] = {**management, "edits": kept}
    else:
        del request["context_management"]


def _effort(request: Request, facts: Facts) -> Iterator[str]:
    config, levels = mapping(request["output_config"]), facts.effort or ()
    level = config.get("effort")
    if level is None:
        return
    if levels:
        taken = taken_effort(level, levels)
        if taken != level:
            request["output_config"] = {**config, "effort": taken}
            yield f"output_config.effort={taken}"
        return
    kept = {name: value for name, value in config.items() if name != "effort"}
    if kept:
        request["output_config"] = kept
    else:
        del request["output_config"]
    yield "-output_config.effort"


def _sampling(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, _SAMPLING)


def _stop(request: Request, _: Facts) -> Iterator[str]:
    yield from left_out(request, {"stop_sequences": []})


def _late_system(request: Request, _: Facts) -> Iterator[str]:
    messages = request["messages"]
    if not isinstance(messages, list) or not has_role(messages, "system"):
        return
    request["messages"] = joined_turns(
        [
            {**one, "role": "user"} if one.get("role") == "system" else one
            for one in objects(messages)
        ]
    )
    yield "messages.system->user"


RULES = (
    Rule(frozenset({"max_tokens"}), lambda facts: facts.output is not None, _limit),
    Rule(frozenset({"thinking"}), lambda facts: facts.thinking is not None, _thinking),
    Rule(frozenset({"output_config"}), lambda facts: facts.effort is not None, _effort),
    Rule(frozenset(_SAMPLING), lambda facts: facts.temperature == "default", _sampling),
    Rule(frozenset({"stop_sequences"}), lambda facts: facts.stop is False, _stop),
    Rule(frozenset({"messages"}), lambda facts: facts.late_system is False, _late_system),
)

"""One call to each model that tierwatch asks, and one comparison by the judge: `doctor --call`."""

import time
from collections.abc import Iterator, Mapping

from tierwatch.command.examine import Finding
from tierwatch.config import Config
from tierwatch.errors import ProviderError, TierwatchError
from tierwatch.judges.asking import Asker, Completes, Tally
from tierwatch.judges.verdict import Answer, Question
from tierwatch.runtime.build import Runtime, build_runtime
from tierwatch.settings import Settings

_PROMPT = "Reply with the word yes."
_MOST_TOKENS = 16
_QUESTION = Question([{"role": "user", "content": "What is 17 + 25? Reply with the number only."}])
_RIGHT: Answer = {"role": "assistant", "content": "42"}
_WRONG: Answer = {"role": "assistant", "content": "41"}


def call_findings(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Ask each model once, and have the judge compare two answers of which one is wrong.

    Costs a fraction of a cent with most models.
    """
    try:
        at = build_runtime(settings, environ=environ)
    except TierwatchError as problem:
        return [Finding("calls", ok=False, detail=str(problem))]
    try:
        found = [_call(f"call of {what}", one) for what, one in _askers(at.client, at.config)]
        return [*found, *([_judge(at)] if at.asks_a_model else [])]
    finally:
        at.engine.dispose()
        at.client.close()


def _askers(client: Completes, config: Config) -> Iterator[tuple[str, Asker]]:
    """Every deployment of every tier, and the classifier where it is a model."""
    one = config.classifier
    if one.kind == "llm":
        asker = Asker(client, one.provider, one.model, one.price)
        yield f"classifier: {one.model} at {one.provider}", asker
    for tier in config.tiers:
        for place in tier.served_at():
            asker = Asker(client, place.provider, place.model, place.price, effort=tier.effort)
            yield f"{tier.name}: {place.model} at {place.provider}", asker


def _call(what: str, asker: Asker) -> Finding:
    tally, began = Tally(), time.monotonic()
    try:
        said = asker.ask([{"role": "user", "content": _PROMPT}], tally, max_tokens=_MOST_TOKENS)
    except ProviderError as problem:
        return Finding(what, ok=False, detail=f"{problem.kind}: {problem}")
    took = f"answered in {time.monotonic() - began:.1f} s for ${tally.cost_usd:.6f}"
    if not said.strip():
        return Finding(what, ok=True, warning=True, detail=f"{took}, without a word")
    return Finding(what, ok=True, detail=took)


def _judge(at: Runtime) -> Finding:
    what, began = f"call of the judge {at.judge.version}", time.monotonic()
    try:
        verdict = at.judge.judge(_QUESTION, _RIGHT, _WRONG)
    except ProviderError as problem:
        return Finding(what, ok=False, detail=f"{problem.kind}: {problem}")
    took = f"in {time.monotonic() - began:.1f} s for ${verdict.cost_usd:.6f}"
    if verdict.preferred == "served":
        return Finding(what, ok=True, detail=f"found the wrong one of two answers {took}")
    if verdict.preferred is None:
        detail = f"its verdict cannot be read ({verdict.unscored_why}), {took}"
        return Finding(what, ok=False, detail=detail)
    detail = f"did not find that 41 is wrong for 17 + 25: it said {verdict.preferred}, {took}"
    return Finding(what, ok=True, warning=True, detail=detail)

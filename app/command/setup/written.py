"""A draft as a commented `tierwatch.yaml`."""

from collections.abc import Iterator

import yaml

from tierwatch.command.setup.draft import INTAKE_KEY, Draft, DraftModel, DraftProvider
from tierwatch.routing.tiers import Price

_HEAD = """\
# tierwatch.yaml, written by `tierwatch init`. Check it after every change: tierwatch check
# Every key: docs/configuration.md. Secrets are named by their environment variable, never written.
"""


def written(draft: Draft) -> str:
    """The file's text. Each value that somebody gave is quoted by YAML's own rules."""
    return "\n".join(
        [
            _HEAD,
            *_routing(draft),
            "",
            *_providers(draft.providers),
            "",
            *_evaluation(draft),
            *_watch(draft),
            "",
            "# Where alerts go, beside the dashboard:",
            "# notify:",
            "#   - {kind: webhook, url: env:ALERT_HOOK}",
            "",
        ]
    )


def _routing(draft: Draft) -> Iterator[str]:
    yield "routing:"
    yield "  # Looks at a prompt's length and structure. `{kind: local}` learns from judged pairs."
    yield "  classifier: {kind: heuristic}"
    yield "  tiers: # cheapest first; a doubtful prompt moves up"
    for name, model in draft.tiers.items():
        yield f"    {_text(name)}:"
        yield from _model(model, "      ")
    yield "  # Later thresholds are proposed, and approved by you."
    yield "  fallback: {strategy: escalate, threshold: 0.7}"


def _model(model: DraftModel, margin: str) -> Iterator[str]:
    yield f"{margin}model: {_text(model.model)}"
    if model.guessed:
        yield f"{margin}cost: 0 # not known: put USD per million tokens, {{input: 3, output: 15}}"
    elif model.price is not None:
        yield f"{margin}cost: {_cost(model.price)} # USD per million tokens"
    if len(model.places) == 1:
        yield f"{margin}provider: {_text(model.places[0][0])}"
        return
    yield f"{margin}providers: # calls are spread over them"
    for provider, name in model.places:
        yield f"{margin}  - {{provider: {_text(provider)}, model: {_text(name)}}}"


def _providers(providers: tuple[DraftProvider, ...]) -> Iterator[str]:
    yield "providers:"
    for provider in providers:
        parts = [f"kind: {provider.kind}"]
        if provider.base_url:
            parts.append(f"base_url: {_text(provider.base_url)}")
        if provider.key:
            parts.append(f"api_key: env:{provider.key}")
        yield f"  {_text(provider.name)}: {{{', '.join(parts)}}}"


def _evaluation(draft: Draft) -> Iterator[str]:
    yield "evaluation:"
    yield "  # Share of the traffic that is answered twice and judged:"
    yield f"  sample_rate: {draft.sample_rate:g}"
    yield f"  budget_usd_per_day: {draft.budget_usd_per_day:g}"
    yield (
        f"  tolerance: {draft.tolerance:g} # share of materially worse answers that is accepted, of"
        " every tier but the top"
    )
    if draft.judge is None:
        yield "  # Nothing is judged until a model that serves no tier is named here:"
        yield "  # judge: {kind: pairwise, model: NAME, orders: both}"
    else:
        yield "  judge: # serves no tier, or it would judge its own answers"
        yield "    kind: pairwise"
        yield from _judge(draft.judge)
        yield "    orders: both"
    yield "  retune: {mode: propose} # a person approves every change"


def _judge(model: DraftModel) -> Iterator[str]:
    yield f"    model: {_text(model.model)}"
    if model.price is not None:
        yield f"    cost: {_cost(model.price)}"
    yield f"    provider: {_text(model.places[0][0])}"


def _watch(draft: Draft) -> Iterator[str]:
    if not draft.aliases:
        return
    yield ""
    yield "# The proxy that is watched: docs/sources/litellm.md says what it is told."
    yield "intake:"
    yield f"  keys: [{{source: litellm, key: env:{INTAKE_KEY}, accepts: litellm}}]"
    yield "watch:"
    yield "  tiers: # what its names stand for"
    for tier, names in draft.aliases.items():
        yield f"    {_text(tier)}: [{', '.join(map(_text, names))}]"


def _cost(price: Price) -> str:
    return f"{{input: {price.input_usd_per_mtok:.10g}, output: {price.output_usd_per_mtok:.10g}}}"


def _text(value: str) -> str:
    """A text as YAML reads it back, on one line and inside braces too."""
    style = None if value.isascii() and value.replace("-", "a").replace(".", "a").isalnum() else '"'
    dumped = yaml.safe_dump(value, default_style=style, width=10**6, allow_unicode=True)
    return dumped.removesuffix("...\n").strip("\n")

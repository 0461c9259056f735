"""The matrix: each scenario from each caller to each provider, and its table in Markdown."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import httpx
from factories.crossings.gateways import PROVIDERS
from factories.crossings.outcomes import ERROR, FITTED, Cell, Outcome
from factories.crossings.scenarios import SCENARIOS, WIRES, Scenario
from fakes.vendor.server import Vendor

# The two models of each provider: an older one, and the newest that reasons.
MODELS = ("plain", "reasons")
CALLERS = {"openai": "chat", "anthropic": "messages", "responses": "responses"}


class Played(NamedTuple):
    """What became of a cell at one model, whole or streamed."""

    model: str
    stream: bool
    outcome: Outcome


def rows() -> Iterator[tuple[Scenario, str]]:
    """Each scenario and each caller that has words for it."""
    for scenario in SCENARIOS:
        for caller in WIRES:
            if scenario.bodies[caller] is not None:
                yield scenario, caller


def play(
    client: httpx.Client, vendor: Vendor, scenario: Scenario, caller: str, provider: str
) -> list[Played]:
    """One cell, at both models, in each way that the scenario is asked."""
    return [
        Played(
            model,
            stream,
            Cell(
                client, vendor, caller, f"{PROVIDERS[provider]}-{model}", scenario, stream
            ).outcome(),
        )
        for model in MODELS
        for stream in scenario.streams
    ]


def in_words(played: Iterable[Played]) -> str:
    """A cell of the table: one word where all went alike, else by model."""
    by_model: dict[str, list[str]] = {}
    for one in played:
        said = _said(one.outcome)
        told = by_model.setdefault(one.model, [])
        if said not in told:
            told.append(said)
    spelt = {model: " or ".join(told) for model, told in by_model.items()}
    if len(set(spelt.values())) == 1:
        return next(iter(spelt.values()))
    return "; ".join(f"{model}: {said}" for model, said in spelt.items())


def _said(outcome: Outcome) -> str:
    if outcome.kind == FITTED:
        return f"fitted `{outcome.words}`"
    if outcome.kind == ERROR:
        return "told"
    return outcome.kind


def line(scenario: Scenario, caller: str, cells: Iterable[str]) -> str:
    """A line of the table."""
    return f"| {scenario.name} | {CALLERS[caller]} | {' | '.join(cells)} |"


HEAD = (
    f"| asked | caller | {' | '.join(CALLERS[provider] for provider in PROVIDERS)} |",
    "|---|---|---|---|---|",
)

"""What `tierwatch init` is going to write, whoever said it."""

from dataclasses import dataclass
from typing import Literal

from tierwatch.routing.tiers import Price


@dataclass(frozen=True, slots=True)
class DraftProvider:
    """Where models are served.

    Attributes:
        name: of your choice.
        kind: the wire it speaks.
        base_url: empty for the vendor's own address.
        key: environment variable of its key; empty for none.
    """

    name: str
    kind: Literal["openai", "anthropic"]
    base_url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class DraftModel:
    """A model at its providers.

    Attributes:
        model: as the first provider calls it.
        places: (provider, what it calls the model), one or more.
        price: as it is known; None where the list price of today counts.
        guessed: whether nobody knows the price and 0 stands in its place.
    """

    model: str
    places: tuple[tuple[str, str], ...]
    price: Price | None = None
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole file.

    Attributes:
        tiers: by name, cheapest first.
        providers: those that are named.
        judge: who compares; None for nobody yet.
        aliases: what another router calls each tier's models; empty without such a router.
        tolerance: misroute rate that must not be exceeded, of every tier but the top.
        sample_rate: share of the traffic that is captured.
        budget_usd_per_day: what evaluation may cost a day.
    """

    tiers: dict[str, DraftModel]
    providers: tuple[DraftProvider, ...]
    judge: DraftModel | None
    aliases: dict[str, tuple[str, ...]]
    tolerance: float = 0.05
    sample_rate: float = 0.05
    budget_usd_per_day: float = 25.0


TIER_NAMES: dict[int, tuple[str, ...]] = {
    2: ("simple", "complex"),
    3: ("simple", "standard", "complex"),
}
# Variable under which a sender of LiteLLM's shows who it is.
INTAKE_KEY = "LITELLM_INTAKE_KEY"

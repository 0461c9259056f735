"""A model in the place of the one that a tier's file names: part of a policy, and how it is put in.

A file may be edited while a policy stands. So a policy says which model it replaces, and holds
where the file still names that one; once the file names another, the file's is used.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tierwatch.errors import ConfigError, PolicyError
from tierwatch.routing.facts import EFFORTS, UNKNOWN
from tierwatch.routing.tiers import Price, Tier, model_variant

_KEYS = ("model", "provider", "price", "effort", "instead_of")
_PRICES = (
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cached_input_usd_per_mtok",
    "cache_write_usd_per_mtok",
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class TierModel:
    """Who serves a tier in place of the file's model.

    Attributes:
        model: its name, as the provider knows it.
        provider: name in the ``providers`` section.
        price: what its tokens cost there.
        effort: how much it is to think; empty where callers say.
        instead_of: the variant (`Tier.variant`) of the file's model that it replaces.

    Raises:
        PolicyError: a name is empty or too long, or the effort is none.
    """

    model: str
    provider: str
    price: Price
    effort: str
    instead_of: str

    def __post_init__(self) -> None:
        for name in ("model", "provider", "instead_of"):
            value = getattr(self, name)
            empty_provider = name == "provider" and value == ""  # of a file without providers
            if not isinstance(value, str) or not (value or empty_provider):
                raise PolicyError(f"models.{name}: found {value!r}; accepted: a name")
            if len(value) > _LONGEST:
                raise PolicyError(f"models.{name}: accepted: up to {_LONGEST} characters")
        if self.effort not in ("", *EFFORTS):
            raise PolicyError(
                f"models.effort: found {self.effort!r}; accepted: {', '.join(EFFORTS)}, or none"
            )

    @property
    def variant(self) -> str:
        """The model at its effort."""
        return model_variant(self.model, self.effort)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `from_json` reads it back."""
        return {
            "model": self.model,
            "provider": self.provider,
            "price": {name: getattr(self.price, name) for name in _PRICES},
            "effort": self.effort,
            "instead_of": self.instead_of,
        }

    @classmethod
    def from_json(cls, value: object) -> "TierModel":
        """Read what `to_json` wrote.

        Raises:
            PolicyError: anything else.
        """
        if not isinstance(value, Mapping) or not set(_KEYS) <= value.keys():
            raise PolicyError(f"models: found {value!r:.100}; accepted: the keys {list(_KEYS)}")
        return cls(
            value["model"],
            value["provider"],
            _price(value["price"]),
            value["effort"],
            value["instead_of"],
        )

    def holds_for(self, tier: Tier, providers: Collection[str] = ()) -> bool:
        """Whether a file's tier is to be served by this.

        Args:
            tier: as the file has it.
            providers: that the file names; empty where it names none.
        """
        known = not providers or self.provider in providers
        return known and tier.variant == self.instead_of

    def put_in(self, tier: Tier) -> Tier:
        """The tier, served by this.

        Another effort of the same model stays at its deployments; another model has one.
        """
        if (self.model, self.provider) == (tier.model, tier.provider):
            return replace(tier, effort=self.effort)
        return replace(
            tier,
            model=self.model,
            provider=self.provider,
            price=self.price,
            effort=self.effort,
            deployments=(),
            takes=UNKNOWN,
        )


def served_tiers(
    tiers: Sequence[Tier], models: Mapping[str, TierModel], providers: Collection[str] = ()
) -> tuple[Tier, ...]:
    """A file's tiers as a policy has them served.

    Args:
        tiers: of the file, in order.
        models: of the policy, by tier; those of other tiers count for nothing.
        providers: that the file names; empty where it names none.

    >>> small = Tier("simple", "small-1", "a", Price(0.25, 0.25))
    >>> new = TierModel("small-2", "a", Price(0.1, 0.1), "", instead_of="small-1")
    >>> [tier.model for tier in served_tiers([small], {"simple": new})]
    ['small-2']
    >>> edited = replace(small, model="small-3")
    >>> [tier.model for tier in served_tiers([edited], {"simple": new})]
    ['small-3']
    """
    return tuple(
        model.put_in(tier)
        if (model := models.get(tier.name)) is not None and model.holds_for(tier, providers)
        else tier
        for tier in tiers
    )


def served_variants(variants: Mapping[str, str], models: Mapping[str, TierModel]) -> dict[str, str]:
    """Variants of a file's tiers, by name, as a policy has them served.

    >>> new = TierModel("small-2", "a", Price(0.1, 0.1), "low", instead_of="small-1")
    >>> served_variants({"simple": "small-1", "top": "large"}, {"simple": new})
    {'simple': 'small-2:low', 'top': 'large'}
    """
    return {
        tier: models[tier].variant
        if tier in models and models[tier].instead_of == variant
        else variant
        for tier, variant in variants.items()
    }


def _price(value: object) -> Price:
    numbers = value if isinstance(value, Mapping) else {}
    found = [numbers.get(name) for name in _PRICES]
    sound = [type(one) in (int, float) for one in found]
    if not all(sound[:2]) or not all(
        good or found[2 + at] is None for at, good in enumerate(sound[2:])
    ):
        raise PolicyError(f"models.price: found {value!r:.100}; accepted: USD per million tokens")
    try:
        return Price(*found)  # type: ignore[arg-type] # numbers, as was just seen
    except ConfigError as problem:
        raise PolicyError(f"models.{problem}") from None

"""A router of anybody's with thresholds in a JSON or YAML file: which number is which tier's.

Its confidence is how sure it is that the cheaper tier suffices; it keeps a tier whose threshold
that reaches, as ours does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.edited import Place, at, dotted


class Documented(NamedTuple):
    """A router's thresholds and where each stands."""

    places: Mapping[str, Place]
    thresholds: Mapping[str, float]

    def numbers(self, after: Mapping[str, float]) -> dict[Place, float]:
        """What is to be set, and where, for other thresholds."""
        return {
            place: after[tier]
            for tier, place in self.places.items()
            if after[tier] != self.thresholds[tier]
        }


def read_documented(settings: Any, *, keys: Mapping[str, str], tiers: Sequence[str]) -> Documented:
    """Thresholds by tier.

    Args:
        settings: the whole file.
        keys: by tier, where its threshold stands, as a JSON pointer (RFC 6901); a tier without
            one has it under its own name.
        tiers: ours, cheapest first.

    Raises:
        ForeignError: one is not there, or no threshold.

    >>> read_documented({"r": [{"weak": 0.7}]}, keys={"a": "/r/0/weak"}, tiers=["a", "b"]).places
    {'a': ('r', 0, 'weak')}
    """
    places = {tier: _place(settings, keys.get(tier, f"/{_escaped(tier)}")) for tier in tiers[:-1]}
    thresholds = {tier: at(settings, place) for tier, place in places.items()}
    for tier, value in thresholds.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1 or round(value, 2) != value:
            where = dotted(places[tier])
            raise ForeignError(f"{where}: found {value!r:.40}; accepted 0 to 1 with two decimals")
    return Documented(places, {tier: float(value) for tier, value in thresholds.items()})


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _place(settings: Any, pointer: str) -> Place:
    if not pointer.startswith("/"):
        raise ForeignError(f"found {pointer!r:.40}; accepted a JSON pointer such as /router/weak")
    place: Place = ()
    for part in pointer[1:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        within = isinstance(at(settings, place), list) and key.isdigit()
        place = (*place, int(key) if within else key)
    return place

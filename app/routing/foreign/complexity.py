"""LiteLLM's ``auto_router/complexity_router``: which of its boundaries is which tier's threshold.

Read from litellm 1.108.7 (``router_strategy/complexity_router``). Its four tiers have models; here
each model is of a tier of ours, so two of its tiers may be one of ours. The boundary of ours is
then the highest of theirs, and those below it follow where it falls under them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.edited import Place, at
from tierwatch.routing.foreign.score import boundary_of, threshold_of

# Cheapest first, and the boundary above each but the last.
LEVELS: Final = ("SIMPLE", "MEDIUM", "COMPLEX", "REASONING")
KEYS: Final = ("simple_medium", "medium_complex", "complex_reasoning")
# What counts where its configuration names none (DEFAULT_TIER_BOUNDARIES).
DEFAULTS: Final[Mapping[str, float]] = {
    "simple_medium": 0.15,
    "medium_complex": 0.35,
    "complex_reasoning": 0.60,
}
_MODEL: Final = "auto_router/complexity_router"
_CONFIG: Final = "complexity_router_config"
_BOUNDARIES: Final = "tier_boundaries"
_FLOOR: Final = "reasoning_override_min_score"
_HIGHEST: Final = 0.99


class Complexity(NamedTuple):
    """One complexity router, as its settings have it.

    Attributes:
        place: of its configuration in the file.
        groups: by tier of ours but the top one, the boundaries above its tiers of theirs.
        boundaries: all three, its defaults filled in.
        floor: the score that two words of reasoning need to be sent to its top tier; None where
            its lowest boundary is that.
    """

    place: Place
    groups: Mapping[str, tuple[str, ...]]
    boundaries: Mapping[str, float]
    floor: float | None

    @property
    def thresholds(self) -> dict[str, float]:
        """By tier of ours but the top one."""
        return thresholds_of(self.groups, self.boundaries)

    def numbers(self, after: Mapping[str, float]) -> dict[Place, float]:
        """What is to be set, and where, for other thresholds.

        Where its lowest boundary moves, the score that words of reasoning need stays where it was:
        it would follow, and move requests that no pair speaks for.
        """
        now, set_to = self.thresholds, dict[str, float]()
        for tier, keys in self.groups.items():
            if after[tier] == now[tier]:
                continue
            boundary = boundary_of(after[tier])
            set_to |= {key: boundary for key in keys if self.boundaries[key] > boundary}
            set_to[keys[-1]] = boundary
        changed = {key: value for key, value in set_to.items() if value != self.boundaries[key]}
        numbers: dict[Place, float] = {
            (*self.place, _BOUNDARIES, key): value for key, value in changed.items()
        }
        if KEYS[0] in changed and self.floor is None:
            numbers[*self.place, _FLOOR] = self.boundaries[KEYS[0]]
        return numbers


def thresholds_of(
    groups: Mapping[str, Sequence[str]], boundaries: Mapping[str, float]
) -> dict[str, float]:
    """Thresholds by tier of ours.

    >>> thresholds_of({"simple": KEYS[:1], "standard": KEYS[1:2]}, DEFAULTS)
    {'simple': 0.85, 'standard': 0.65}
    """
    return {
        tier: threshold_of(max(boundaries[key] for key in keys)) for tier, keys in groups.items()
    }


def read_complexity(
    settings: Any, *, name: str, tiers: Sequence[str], tier_of: Callable[[str], str]
) -> Complexity:
    """A complexity router's settings.

    Args:
        settings: the proxy's whole file, or the router's ``complexity_router_config`` alone.
        name: its ``model_name``; "" where there is only one.
        tiers: ours, cheapest first.
        tier_of: the tier of ours that a model or alias is; "" for none.

    Raises:
        ForeignError: there is none, or one whose decisions no threshold of ours can say.
    """
    place = _place(settings, name)
    config = at(settings, place)
    if not isinstance(config, Mapping):
        raise ForeignError(f"found no {_CONFIG}; accepted one with tiers")
    kind = config.get("classifier_type", "heuristic")
    if kind != "heuristic":
        raise ForeignError(
            f"classifier_type: found {kind!r}; accepted heuristic: no other is a score that is"
            " held against boundaries"
        )
    floor = config.get(_FLOOR)
    return Complexity(
        place=place,
        groups=_groups(config.get("tiers"), tiers, tier_of),
        boundaries=read_boundaries(config.get(_BOUNDARIES)),
        floor=None if floor is None else float(floor),
    )


def read_boundaries(said: Any) -> dict[str, float]:
    """All three boundaries, as it is configured or as it logs them.

    Raises:
        ForeignError: one is none that a threshold of two decimals can say.
    """
    given = said if isinstance(said, Mapping) else {}
    found = {key: given.get(key, default) for key, default in DEFAULTS.items()}
    for key, value in found.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= _HIGHEST or round(value, 2) != value:
            raise ForeignError(
                f"{_BOUNDARIES}.{key}: found {value!r:.40}; accepted 0 to 0.99 with two decimals"
            )
    return {key: float(value) for key, value in found.items()}


def _place(settings: Any, name: str) -> Place:
    """Where the router's configuration stands."""
    models = at(settings, ("model_list",))
    if not isinstance(models, list):
        if isinstance(at(settings, ("tiers",)), Mapping):
            return ()
        raise ForeignError(f"found no model_list; accepted LiteLLM's file, or its {_CONFIG}")
    found = {
        number: str(at(one, ("model_name",)))
        for number, one in enumerate(models)
        if str(at(one, ("litellm_params", "model"))).startswith(_MODEL)
    }
    chosen = [number for number, called in found.items() if name in {"", called}]
    if len(chosen) != 1:
        accepted = f"one of {', '.join(found.values())}" if found else f"a model {_MODEL}"
        raise ForeignError(f"model_list: found {len(chosen)} routers; accepted name: {accepted}")
    return ("model_list", chosen[0], "litellm_params", _CONFIG)


def _groups(
    said: Any, tiers: Sequence[str], tier_of: Callable[[str], str]
) -> dict[str, tuple[str, ...]]:
    levels: list[int] = []
    for level in LEVELS:
        models = _models(at(said, (level,)))
        ours = {tier_of(model) or tier_of(level) for model in models}
        if len(ours) != 1 or not ours <= set(tiers):
            raise ForeignError(
                f"tiers.{level}: found {', '.join(models) or 'nothing'}; accepted models of one"
                " tier of watch.tiers"
            )
        levels.append(tiers.index(ours.pop()))
    if levels != sorted(levels) or set(levels) != set(range(len(tiers))):
        raise ForeignError(
            f"tiers: found them as {', '.join(tiers[one] for one in levels)}; accepted each of"
            f" {', '.join(tiers)}, in this order"
        )
    return {
        tier: tuple(key for key, level in zip(KEYS, levels, strict=False) if level == place)
        for place, tier in enumerate(tiers[:-1])
    }


def _models(said: Any) -> list[str]:
    """The models of one of its tiers: a name, an entry with a name, or several of either."""
    several = said if isinstance(said, list) else [said]
    found = (at(one, ("model_name",)) if isinstance(one, Mapping) else one for one in several)
    return [one for one in found if isinstance(one, str) and one]

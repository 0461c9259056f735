"""A draft from a LiteLLM proxy's configuration, and what of it could not be carried over."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tierwatch.command.setup.asking import own_provider
from tierwatch.command.setup.draft import TIER_NAMES, Draft, DraftModel, DraftProvider
from tierwatch.command.setup.litellm_places import Place, place_of
from tierwatch.errors import UsageError
from tierwatch.routing.config.prices import price_of
from tierwatch.routing.config.reading.document import Document
from tierwatch.routing.config.reading.yaml_file import read_document
from tierwatch.routing.tiers import Price, resolved_model

_CHATS = {"", "chat", "completion", "responses"}
_PLACE_KEYS = {"api_base", "api_key", "base_url", "custom_llm_provider", "model"}
_PRICE_KEYS = {"input_cost_per_token", "output_cost_per_token"}
_MILLION = 1_000_000
_MOST_TIERS = max(TIER_NAMES)
# What LiteLLM does with a request is its own affair; we only watch.
_STAYS = "stays with LiteLLM"


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the file.

    Attributes:
        draft: to be written.
        notes: a sentence for each thing that was not carried over, in the order of the file.
    """

    draft: Draft
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Group:
    """A name that callers use, and where its deployments are."""

    name: str
    places: list[Place] = field(default_factory=list)
    price: Price | None = None
    said: bool = False
    guessed: bool = False

    @property
    def blended(self) -> float:
        return 0.0 if self.price is None else self.price.blended_usd

    @property
    def models(self) -> set[str]:
        return {resolved_model(place.model) for place in self.places}


def carried(path: str | os.PathLike[str], *, judge: str = "") -> Carried:
    """Read a LiteLLM configuration.

    Args:
        path: the file.
        judge: model that judges, written as LiteLLM writes models: where the file has it, else at
            its vendor; empty for one that the file has and no tier needs.

    Raises:
        ConfigError: it cannot be read, or is no YAML mapping.
        UsageError: fewer than two models in it can serve as tiers.
    """
    document = read_document(path)
    notes: list[str] = []
    groups = _groups(document, notes)
    aliases = _aliases(document, notes)
    _rest(document, notes)
    chosen = _chosen(groups, notes)
    names = TIER_NAMES[len(chosen)]
    judging = _named_judge(judge, groups) if judge else _judge(groups, chosen)
    if not judge and judging is None:
        notes.append(
            "evaluation.judge: no model is left that serves no tier; name one with --judge, for"
            " `tierwatch up` needs one"
        )
    providers = _named_providers([*chosen, *([judging] if judging else [])])
    draft = Draft(
        tiers={name: _model(group, providers) for name, group in zip(names, chosen, strict=True)},
        providers=tuple(providers.values()),
        judge=replace(_model(judging, providers), guessed=False) if judging else None,
        aliases=_watched(dict(zip(names, chosen, strict=True)), groups, aliases),
    )
    return Carried(draft, tuple(notes))


def _groups(document: Document, notes: list[str]) -> list[_Group]:
    listed = document.data.get("model_list")
    found: dict[str, _Group] = {}
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        at = f"line {_line(document, index)}: model_list[{index}]"
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        name = str(entry.get("model_name") or "").strip() if isinstance(entry, dict) else ""
        if not isinstance(params, dict) or not name:
            notes.append(f"{at}: has no model_name or no litellm_params")
            continue
        info = entry.get("model_info")
        info = info if isinstance(info, dict) else {}
        at += f" ({name})"
        mode = str(info.get("mode") or params.get("mode") or "")
        if mode not in _CHATS:
            notes.append(f"{at}: mode {mode} is no chat, and is not evaluated")
            continue
        place = "is a pattern of names" if "*" in name else place_of(params)
        if isinstance(place, str):
            notes.append(f"{at}: {place}; tierwatch cannot ask it, so it is no tier")
            continue
        notes += [f"{at}: {note}" for note in place.notes]
        others = sorted(map(str, set(params) - _PLACE_KEYS - _PRICE_KEYS))
        if others:
            notes.append(f"{at}: {', '.join(others)}: {_STAYS}, and shadow answers go without")
        group = found.setdefault(name, _Group(name))
        group.places.append(place)
        group.price = group.price or _said_price(info, params)
    for group in found.values():
        group.said = group.price is not None
        if group.price is None:
            group.price = price_of(group.places[0].model, None, {}).price
            group.guessed = group.price is None
    return list(found.values())


def _line(document: Document, index: int) -> int:
    return document.lines.get(("model_list", index), document.lines.get(("model_list",), 1))


def _said_price(*given: Mapping[str, Any]) -> Price | None:
    """What the file says that a token costs."""
    for where in given:
        amounts = [where.get(f"{way}_cost_per_token") for way in ("input", "output")]
        numbers = [_number(amount) for amount in amounts]
        if all(number is not None for number in numbers):
            read, wrote = (round(float(number or 0) * _MILLION, 9) for number in numbers)
            return Price(read, wrote)
    return None


def _number(given: object) -> float | None:
    """A price per token, however YAML 1.1 read it: ``3e-06`` without a dot is text there."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        number = float(given)
    except ValueError:
        return None
    return number if 0 <= number < 1 and math.isfinite(number) else None


def _aliases(document: Document, notes: list[str]) -> dict[str, str]:
    """Other names of groups, from the router's settings."""
    settings = document.data.get("router_settings")
    if not isinstance(settings, dict):
        return {}
    given = settings.get("model_group_alias")
    for key in settings:
        if key == "fallbacks":
            notes.append(
                f"router_settings.fallbacks: {_STAYS}; an answer counts for the name that was asked"
            )
        elif key != "model_group_alias":
            notes.append(f"router_settings.{key}: {_STAYS}")
    found = {}
    for alias, group in (given if isinstance(given, dict) else {}).items():
        target = group.get("model") if isinstance(group, dict) else group
        found[str(alias).strip()] = str(target).strip()
    return found


def _rest(document: Document, notes: list[str]) -> None:
    for section, value in document.data.items():
        if section in {"model_list", "router_settings"}:
            continue
        if not isinstance(value, dict):
            notes.append(f"{section}: {_STAYS}")
            continue
        notes += [f"{section}.{key}: {_STAYS}" for key in value]


def _chosen(groups: Sequence[_Group], notes: list[str]) -> list[_Group]:
    """Two or three groups of different models, cheapest first; why the others are none is noted."""
    distinct: list[_Group] = []
    for group in groups:
        if not any(group.models & other.models for other in distinct):
            distinct.append(group)
    priced = [group for group in distinct if not group.guessed]
    able = priced if len(priced) >= min(TIER_NAMES) else distinct
    if len(able) < min(TIER_NAMES):
        raise UsageError(
            "\n".join(
                [
                    *notes,
                    (
                        f"found {len(able)} model(s) that can serve as tiers; accepted two or more,"
                        " at vendors that speak OpenAI's or Anthropic's wire"
                    ),
                ]
            )
        )
    notes += [
        f"model {group.name}: no price is known, so it is no tier; name it in routing.tiers with"
        " its cost"
        for group in distinct
        if group not in able
    ]
    notes += [
        f"model {group.name}: no price is known; 0 stands for it in the file, put what it costs"
        for group in able
        if group.guessed
    ]
    ordered = sorted(able, key=lambda group: group.blended)
    if len(ordered) <= _MOST_TIERS:
        return ordered
    kept = [ordered[0], ordered[len(ordered) // 2], ordered[-1]]
    notes += [
        f"model {group.name}: three tiers are enough to begin with; name it under watch.tiers, or"
        " its traffic is outside the evidence"
        for group in ordered
        if group not in kept
    ]
    return kept


def _judge(groups: Sequence[_Group], chosen: Sequence[_Group]) -> _Group | None:
    """The dearest model that serves no tier, of those whose price is known if there are any."""
    serving = set[str]().union(*(group.models for group in chosen))
    free = [group for group in groups if not group.models & serving]
    return max(free, key=lambda group: (not group.guessed, group.blended), default=None)


def _named_judge(model: str, groups: Sequence[_Group]) -> _Group:
    """The model that a person named, where it is served."""
    listed = [group for group in groups if resolved_model(model) in group.models]
    if listed:
        return listed[0]
    found = [place.provider for group in groups for place in group.places]
    place = place_of({"model": model})
    if isinstance(place, str):  # nobody knows whose it is
        at = next((one for one in found if one.kind == "openai"), own_provider(model))
        return _Group(model, [Place(at, model)])
    at = next((one for one in found if one.name == place.provider.name), place.provider)
    return _Group(model, [Place(at, place.model)])


def _named_providers(groups: Iterable[_Group]) -> dict[DraftProvider, DraftProvider]:
    """Each provider as it was read -> with a name that no other one has."""
    found: dict[DraftProvider, DraftProvider] = {}
    taken: set[str] = set()
    for group in groups:
        for place in group.places:
            if place.provider in found:
                continue
            name, number = place.provider.name, 2
            while name in taken:
                name, number = f"{place.provider.name}-{number}", number + 1
            taken.add(name)
            found[place.provider] = replace(place.provider, name=name)
    return found


def _model(group: _Group, providers: Mapping[DraftProvider, DraftProvider]) -> DraftModel:
    places = dict.fromkeys((providers[one.provider].name, one.model) for one in group.places)
    price = group.price if group.said else None  # a list price stays today's
    return DraftModel(group.places[0].model, tuple(places), price, guessed=group.guessed)


def _watched(
    tiers: Mapping[str, _Group], groups: Sequence[_Group], aliases: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """What the proxy's names stand for: those of a tier's group and models, and their aliases."""
    taken: set[str] = set()
    found: dict[str, list[str]] = {tier: [] for tier in tiers}

    def put(tier: str, name: str) -> None:
        if name and "*" not in name and name.lower() not in taken:
            taken.add(name.lower())
            found[tier].append(name)

    for tier, chosen in tiers.items():
        put(tier, chosen.name)
    for tier, chosen in tiers.items():
        same = [group.name for group in groups if group.models <= chosen.models]
        for name in same:
            put(tier, name)
        for alias, target in aliases.items():
            if target in {chosen.name, *same}:
                put(tier, alias)
    return {tier: tuple(names) for tier, names in found.items() if names}

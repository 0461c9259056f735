"""Which provider serves a model, where a section does not say."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.shown import Loc, shown

# The wires that a provider may speak and their vendors' own addresses. Routing stands below the
# wires, so the names are listed here; tests/wire/test_form.py compares them with `wire.wires`.
Kind = Literal["openai", "anthropic"]
VENDOR_URLS: Mapping[Kind, str] = MappingProxyType(
    {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
)


def provider_kinds(document: Document) -> dict[str, str]:
    """Kind of each provider by its name, as far as the section can be read."""
    providers = document.data.get("providers")
    return {
        name: str(provider.get("kind") if isinstance(provider, dict) else provider)
        for name, provider in (providers if isinstance(providers, dict) else {}).items()
    }


def provider_of(model: str, named: str | None, kinds: Mapping[str, str]) -> str | None:
    """The provider that serves a model.

    The one that is named; else the only one; else, for ``claude-`` models, the first of kind
    anthropic; else the first of kind openai. Empty when the file has no providers at all; None
    when there is no such provider.

    >>> provider_of("claude-haiku-4-5", None, {"o": "openai", "a": "anthropic"})
    'a'
    """
    if not kinds:
        return named or ""
    if named is not None:
        return named if named in kinds else None
    if len(kinds) == 1:
        return next(iter(kinds))
    wanted = ["anthropic", "openai"] if model.startswith("claude-") else ["openai"]
    known = [name for kind in wanted for name, found in kinds.items() if found == kind]
    # A kind that is itself wrong is reported once, at the provider and not at every model.
    known += [name for name, found in kinds.items() if found not in VENDOR_URLS]
    return known[0] if known else None


def provider_problems(
    document: Document, at: Loc, model: str, named: str | None, kinds: Mapping[str, str]
) -> list[Problem]:
    """The sentence for a model whose provider `provider_of` does not know; empty where it does.

    Args:
        document: the file.
        at: the section that names the model.
        model: the model.
        named: what stands there as ``provider``.
        kinds: kind of each provider by its name; empty when the file names none.
    """
    if provider_of(model, named, kinds) is not None:
        return []
    found = "nothing" if named is None else shown(named, ())
    return [document.problem((*at, "provider"), found, f"one of {', '.join(kinds)}")]

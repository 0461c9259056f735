"""Who wrote a message of a history, who is to read it, and what the reader gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

Messages = Sequence[Mapping[str, Any]]
NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who wrote an assistant message."""

    provider: str
    model: str


class Reader(NamedTuple):
    """Who is to read a history. A tuple, as `Fitted` is: each call to a provider makes one.

    Attributes:
        provider: that will be called.
        model: that will answer.
        issuer_of: who wrote the assistant message at an index; None where nobody knows.
        trusts_unknown: whether what nobody knows is taken for the reader's own.
        mixed: whether callers may have marked prompts for the other wire's cache.
    """

    provider: str
    model: str
    issuer_of: Callable[[int], Issuer | None] = lambda _: None
    trusts_unknown: bool = False
    mixed: bool = False

    def wrote(self, index: int) -> bool:
        """Whether this model on this provider wrote the message."""
        issuer = self.issuer_of(index)
        return self.trusts_unknown if issuer is None else issuer == self._self

    def houses(self, index: int) -> bool:
        """Whether this provider served the message, by whatever model."""
        issuer = self.issuer_of(index)
        return self.trusts_unknown if issuer is None else issuer.provider == self.provider

    @property
    def _self(self) -> Issuer:
        return Issuer(self.provider, self.model)


class Fitted(NamedTuple):
    """A request whose history its reader can take, and what was taken out, by kind."""

    request: Mapping[str, Any]
    changes: Mapping[str, int]

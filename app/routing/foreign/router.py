"""A watched router: its thresholds as its settings have them, and a change of them as a diff."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.change import Change, unified
from tierwatch.routing.foreign.complexity import Complexity, read_complexity
from tierwatch.routing.foreign.document import Documented, read_documented
from tierwatch.routing.foreign.edited import edited, read_settings

Kind: TypeAlias = Literal["litellm_complexity", "json"]


@dataclass(frozen=True, slots=True)
class ForeignRouter:
    """A router that is only watched.

    Attributes:
        kind: whose settings they are.
        name: what it is called there; "" where it has no name.
        tiers: ours, cheapest first.
        tier_of: the tier of ours that a model or alias is; "" for none.
        keys: by tier, where a file of kind json has its threshold.
        file: what the diff calls its file.
        text: its settings, as they were read.
        path: of the file; None where they stand in ours.
    """

    kind: Kind
    name: str
    tiers: tuple[str, ...]
    tier_of: Callable[[str], str]
    keys: Mapping[str, str]
    file: str
    text: str
    path: Path | None = None

    @property
    def thresholds(self) -> Mapping[str, float]:
        """By tier but the top one.

        Raises:
            ForeignError: its settings are none that can be read.
        """
        return self._read(read_settings(self.text)).thresholds

    @property
    def logs(self) -> bool:
        """Whether its log says by which thresholds it decided."""
        return self.kind == "litellm_complexity"

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """By tier but the top one, the boundaries of LiteLLM's that are above it.

        Raises:
            ForeignError: its settings are none that can be read.
        """
        return self._complexity(read_settings(self.text)).groups if self.logs else {}

    def fresh(self) -> "ForeignRouter":
        """The router as its file has it now; as it was read where the file is away."""
        if self.path is None:
            return self
        try:
            return replace(self, text=read_text(self.path))
        except ForeignError:
            return self

    def change(self, before: Mapping[str, float], after: Mapping[str, float]) -> Change:
        """A change of thresholds as a diff of its settings.

        Args:
            before: what it runs with.
            after: what it is to run with.

        Raises:
            ForeignError: its file has other thresholds than it runs with, or cannot be written.
        """
        read = self._read(read_settings(self.text))
        if dict(read.thresholds) != dict(before):
            raise ForeignError(
                f"{self.file}: found {_words(read.thresholds)}; the router runs with"
                f" {_words(before)}: a diff of this file would change more than was tested"
            )
        new = edited(self.text, read.numbers(after))
        return Change(
            file=self.file,
            before=dict(before),
            after=dict(after),
            diff=unified(self.file, self.text, new),
            undo=unified(self.file, new, self.text),
        )

    def _read(self, settings: Any) -> Complexity | Documented:
        if self.kind == "json":
            return read_documented(settings, keys=self.keys, tiers=self.tiers)
        return self._complexity(settings)

    def _complexity(self, settings: Any) -> Complexity:
        return read_complexity(settings, name=self.name, tiers=self.tiers, tier_of=self.tier_of)


def read_text(path: Path) -> str:
    """The text of a router's file, its line ends as they are.

    Raises:
        ForeignError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError) as problem:
        raise ForeignError(f"{path.name}: cannot be read ({type(problem).__name__})") from problem


def _words(thresholds: Mapping[str, float]) -> str:
    return ", ".join(f"{tier} {value:g}" for tier, value in thresholds.items())

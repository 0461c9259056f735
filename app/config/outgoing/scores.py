"""``scores``: to whose traces verdicts go back."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import SecretName
from tierwatch.config.urls import read_url
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Seconds, Section

ScoresKind = Literal["langfuse", "phoenix"]

# Callers of the gateway, as `scores[].sources` names them.
GATEWAY: Final = "gateway"
_NEEDS: Final[Mapping[ScoresKind, tuple[str, ...]]] = {
    "langfuse": ("public_key", "key"),
    "phoenix": ("base_url",),
}


class ScoresConfig(Section):
    """One place that scores go back to, under ``scores``."""

    kind: ScoresKind = Field(
        description="Whose traces they are; [scores.md](scores.md) has an example of each."
    )
    name: Name | None = Field(
        default=None,
        description="What deliveries are kept by; `langfuse 1` and so on without one, by its place"
        " in the list. No destination of `notify` may have it.",
    )
    base_url: Annotated[str, PlainValidator(read_url)] = Field(
        default="", description="Where it is. Default: Langfuse's cloud; Phoenix needs one."
    )
    public_key: SecretName | None = Field(
        default=None, description="langfuse: the project's public key; `env:NAME`."
    )
    key: SecretName | None = Field(
        default=None,
        description="langfuse: the project's secret key; phoenix: an API key, where it asks for"
        " one. `env:NAME`.",
    )
    sources: tuple[Name, ...] = Field(
        default=(),
        description="Whose exchanges: names of sources of the intake, and `gateway` for callers"
        " that send a `traceparent`. All without it.",
    )
    give_up_s: Seconds = Field(
        default=86_400.0,
        validation_alias="give_up",
        description="Age at which a score that was never taken fails.",
    )

    def takes(self, source: str) -> bool:
        """Whether scores of a source go here; "" is the gateway."""
        return not self.sources or (source or GATEWAY) in self.sources


def score_names(places: Sequence[ScoresConfig]) -> list[str]:
    """What each place is called."""
    return [one.name or f"{one.kind} {number}" for number, one in enumerate(places, start=1)]


def score_problems(
    document: Document, places: Sequence[ScoresConfig], taken: Sequence[str]
) -> list[Problem]:
    """What a place lacks, or has that its kind does not take; and names that stand twice.

    Args:
        document: the file.
        places: of scores.
        taken: names of the destinations of alerts.
    """
    problems, known = [], set(taken)
    for number, (one, name) in enumerate(zip(places, score_names(places), strict=True)):
        problems += [
            document.problem(
                ("scores", number, key), "nothing", f"one, which kind {one.kind} cannot do without"
            )
            for key in _NEEDS[one.kind]
            if not getattr(one, key)
        ]
        if one.kind == "phoenix" and one.public_key is not None:
            problems.append(
                document.problem(
                    ("scores", number, "public_key"),
                    "a key that kind phoenix does not take",
                    "base_url, give_up, key, kind, name, sources",
                )
            )
        if name in known:
            at = ("scores", number, "name")
            problems.append(document.problem(at, f"{name!r} twice", "a name of its own"))
        known.add(name)
    return problems

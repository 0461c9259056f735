"""What a classifier says of a request, and the face every classifier has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tierwatch.errors import ClassifierError, ProviderError
from tierwatch.routing.tiers import Deployment, Price, Tier

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a classifier says of a request.

    Attributes:
        label: name of the tier that should do.
        confidence: probability in [0, 1] that it does.
        task_type: kind of task, or ``all`` when the classifier does not tell.
        confidences: scoring classifiers only: for every tier but the top one, the probability
            that this tier suffices. None for a labelling classifier.

    Raises:
        ClassifierError: a confidence outside [0, 1] (not-a-number included).
    """

    label: str
    confidence: float
    task_type: str = "all"
    confidences: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise _no_share(self.confidence)
        if self.confidences is not None:
            for value in self.confidences.values():
                if not 0 <= value <= 1:
                    raise _no_share(value)


def _no_share(value: float) -> ClassifierError:
    return ClassifierError(f"confidence: found {value}; accepted: a number from 0 to 1")


class Classifier(Protocol):
    """Names the tier for a request. Built once, called for every request, from any thread."""

    def classify(
        self,
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Classification:
        """Classify a chat in OpenAI's form.

        Raises:
            ClassifierError: no usable label; the router then takes its default tier.
        """


@dataclass(frozen=True, slots=True)
class ClassifierConfig:
    """The ``routing.classifier`` section, read and checked.

    Attributes:
        kind: ``llm | local | heuristic | static``.
        model: model asked by kind ``llm``, else empty.
        provider: its name in the ``providers`` section; empty until one is known.
        max_tokens: length of the reply of kind ``llm``, at most 50 tokens.
        timeout_s: seconds that kind ``llm`` may take; after that the default tier serves.
        logprobs: whether kind ``llm`` asks for log-probabilities.
        label: tier that kind ``static`` always names, else empty.
        price: of the model asked by kind ``llm``; None when it is not known.
        deployments: where that model is served, if at more than ``provider`` under ``model``.
        models: kind ``local``: (tier, file of its learned model); decide until a model is approved.
        unfamiliar_share: kind ``local``: of prompts like those judged, at most, that are sent to
            the top tier as unlike them; 0 for none.
    """

    kind: str = "heuristic"
    model: str = ""
    provider: str = ""
    max_tokens: int = 50
    timeout_s: float = 2.0
    logprobs: bool = True
    label: str = ""
    price: Price | None = None
    models: tuple[tuple[str, str], ...] = ()
    deployments: tuple[Deployment, ...] = ()
    unfamiliar_share: float = 0.0

    def as_tier(self) -> Tier:
        """The model asked by kind ``llm``, as what is balanced; free where no price is known."""
        price = Price(0.0, 0.0) if self.price is None else self.price
        return Tier("classifier", self.model, self.provider, price, deployments=self.deployments)


def failure_kind(error: BaseException) -> str:
    """One word for why a classification failed, fit for a counter's label.

    ``timeout``; a ProviderError's own kind; ``unreadable`` when a reply came but named no tier;
    ``call_failed`` for anything else. A ClassifierError is read through to its cause.
    """
    if isinstance(error, ClassifierError):
        return failure_kind(error.__cause__) if error.__cause__ else "unreadable"
    if isinstance(error, ProviderError):
        return error.kind
    return "timeout" if isinstance(error, TimeoutError) else "call_failed"

import dataclasses

import pytest

from tierwatch.errors import ClassifierError, ProviderError
from tierwatch.routing.classify.classification import Classification, ClassifierConfig, failure_kind
from tierwatch.routing.tiers import Deployment, Price


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_confidence_is_a_probability(value: float) -> None:
    with pytest.raises(ClassifierError, match="confidence: found"):
        Classification("simple", value)
    with pytest.raises(ClassifierError, match="confidence: found"):
        Classification("simple", 0.5, confidences={"simple": value})


def caused_by(cause: BaseException | None) -> ClassifierError:
    error = ClassifierError("no label")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (caused_by(TimeoutError()), "timeout"),
        (ProviderError("busy", kind="rate_limited"), "rate_limited"),
        (caused_by(ProviderError("cut", kind="cut")), "cut"),
        (caused_by(None), "unreadable"),
        (caused_by(KeyError("choices")), "call_failed"),
        (caused_by(ConnectionError()), "call_failed"),
        (RuntimeError(), "call_failed"),
    ],
)
def test_one_word_for_a_counter(error: BaseException, kind: str) -> None:
    assert failure_kind(error) == kind


@pytest.mark.parametrize("value", [0, 0.0, 1, 1.0, 5e-324])
def test_both_ends_are_probabilities(value: float) -> None:
    said = Classification("simple", value, confidences={"simple": value})
    assert (said.confidence, said.task_type) == (value, "all")


def test_a_classification_cannot_be_changed() -> None:
    said = Classification("simple", 0.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.label = "complex"  # type: ignore[misc] # refused, which is what is tested


def test_one_bad_confidence_among_good_ones_is_refused() -> None:
    with pytest.raises(ClassifierError, match=r"confidence: found 1\.5; accepted: a number from 0"):
        Classification("simple", 0.5, confidences={"simple": 0.5, "standard": 1.5})


def test_a_failure_is_read_through_every_layer() -> None:
    inner = caused_by(ProviderError("later", kind="server", status=503))
    assert failure_kind(caused_by(inner)) == "server"


def test_the_model_that_is_asked_is_balanced_like_a_tier() -> None:
    places = (Deployment("a", "tiny-1", Price(1, 2)), Deployment("b", "tiny-eu", Price(3, 4)))
    config = ClassifierConfig("llm", "tiny-1", "a", price=Price(1, 2), deployments=places)
    tier = config.as_tier()
    assert (tier.name, tier.model, tier.provider) == ("classifier", "tiny-1", "a")
    assert tier.served_at() == places


def test_a_model_without_a_known_price_counts_as_free() -> None:
    tier = ClassifierConfig("llm", "tiny-1", "a").as_tier()
    assert tier.price == Price(0, 0)
    assert tier.served_at() == (Deployment("a", "tiny-1", Price(0, 0)),)


def test_the_configuration_of_before_any_file_asks_nobody() -> None:
    config = ClassifierConfig()
    assert (config.kind, config.model, config.price, config.models) == ("heuristic", "", None, ())
    assert (config.max_tokens, config.timeout_s, config.logprobs) == (50, 2.0, True)

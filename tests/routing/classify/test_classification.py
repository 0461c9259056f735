import pytest

from tierwatch.errors import ClassifierError, ProviderError
from tierwatch.routing.classify.classification import Classification, failure_kind


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

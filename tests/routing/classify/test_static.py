from tierwatch.routing.classify.classification import Classification
from tierwatch.routing.classify.static import StaticClassifier


def test_the_label_is_always_the_configured_one() -> None:
    classifier = StaticClassifier("standard")
    for messages in ([], [{"role": "user", "content": "Prove Fermat's last theorem."}]):
        assert classifier.classify(messages) == Classification("standard", 1.0)

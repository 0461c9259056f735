"""Who names the tier, and keys that do not fit the kind."""

from pathlib import Path

import pytest
from factories.config import told

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "max_tokens",
        "max_token",
        (
            "2: routing.classifier.max_token: found an unknown key; accepted"
            " cost, kind, label, logprobs, max_tokens, model, models, provider, providers, timeout"
            " (did you mean 'max_tokens'?)"
        ),
    ),
    (
        "max_tokens: 50",
        "max_tokens: 500",
        ("2: routing.classifier.max_tokens: found 500; accepted a whole number from 1 to 50"),
    ),
    (
        "model: gpt-4o-mini",
        "kind: magic",
        (
            "2: routing.classifier.kind: found 'magic'; accepted 'llm', 'local', 'heuristic' or"
            " 'static'"
        ),
    ),
    (
        "model: gpt-4o-mini",
        "kind: heuristic, model: gpt-4o-mini",
        (
            "2: routing.classifier.kind:"
            " found heuristic; accepted llm, since `model` is given; or no `model`"
        ),
    ),
    (
        "model: gpt-4o-mini",
        "kind: llm",
        ("2: routing.classifier.model: found nothing; accepted the model that kind llm asks"),
    ),
    (
        "model: gpt-4o-mini",
        "label: simple, kind: heuristic",
        ("2: routing.classifier.label: found a label; accepted none, since the kind is heuristic"),
    ),
    (
        "model: gpt-4o-mini",
        "label: huge, kind: static",
        ("2: routing.classifier.label: found 'huge'; accepted simple, standard, complex"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_classifier(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]

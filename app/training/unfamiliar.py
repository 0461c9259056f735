"""How many of held-out prompts a fitted classifier would send up as unlike anything judged."""

from collections.abc import Sequence

from tierwatch.routing.classify.familiarity.ends import end_words
from tierwatch.routing.classify.features import hashed_words
from tierwatch.routing.classify.local import LocalClassifier


def called_unfamiliar(
    classifier: LocalClassifier, texts: Sequence[str], share: float
) -> float | None:
    """The share of prompts that its rule calls unfamiliar, from 0 to 1.

    Args:
        classifier: as it was fitted, to other pairs.
        texts: prompts.
        share: what may be called so of prompts like those it was fitted to, at most.

    Returns:
        None where there are no prompts, or the classifier has too few pairs to tell.
    """
    familiar = classifier.familiar(share)
    if familiar is None or not texts:
        return None
    return sum(not familiar.knows(end_words(hashed_words(text))) for text in texts) / len(texts)

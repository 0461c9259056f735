"""Why a request went to its tier, in sentences, from what was stored of the decision."""

from typing import Final

from tierwatch.store.pages.pair import Pair

_HELD: Final = {
    "tool_exchange": "a tool's result was being answered",
    "unclassified": "the classifier failed",
    "continuation": "the message says nothing by itself",
    "warm_cache": "its warm prompt cache was worth more",
}
_NO_EVIDENCE: Final = frozenset({"pinned", "classifier_failed", "cascade", "sticky", "fits_not"})


def routing_words(pair: Pair) -> tuple[str, ...]:
    """What was decided, by what, and whether it is evidence for a threshold; a sentence each."""
    reason, _, why = pair.reason.partition(":")
    return (
        *_compared(pair, reason),
        _decided(pair, reason, why.replace("_", " "), _HELD.get(why, "")),
        *_weighed(reason),
    )


def _compared(pair: Pair, reason: str) -> tuple[str, ...]:
    line = pair.line
    if line.threshold is None or reason == "pinned":
        return ()
    reached = "reached" if line.confidence >= line.threshold else "stayed below"
    of = "" if line.task_type == "all" else f", task type {line.task_type}"
    words = (
        f"The classifier named {pair.label}; its confidence {line.confidence:.3f} {reached} the"
        f" threshold {line.threshold:.2f} of policy {line.policy_version}{of}."
    )
    return (words,)


def _decided(pair: Pair, reason: str, why: str, held: str) -> str:
    tier = pair.line.tier
    words = {
        "kept": f"So the request was kept at {tier}.",
        "escalated": f"So it went up to {tier}.",
        "drained": f"{pair.label} was being sent up by hand, so it went to {tier}.",
        "top": f"No lower tier was named with enough confidence: {tier} is the top.",
        "unfamiliar": f"The classifier has judged nothing like it, so it went to {tier}.",
        "pinned": f"The caller asked for {tier} or its model; nothing was decided.",
        "classifier_failed": f"The classifier failed ({why}), so it went to {tier}.",
        "cascade": f"An answer of the tier below did not pass ({why}), so it went up to {tier}.",
        "sticky": f"The conversation was held at {tier}: {held or why}.",
        "fits_not": f"The tier that was chosen does not take its {why}, so it went to {tier}.",
    }
    return words.get(reason, f"{pair.reason.replace('_', ' ')}: it went to {tier}.")


def _weighed(reason: str) -> tuple[str, ...]:
    if reason in _NO_EVIDENCE:
        return ("No threshold chose the tier, so the pair is no evidence for one.",)
    return ()

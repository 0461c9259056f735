"""The classifier that asks a cheap model to name the tier.

The request it sends and the reply it reads are pure functions, so that the gateway can do the
sending asynchronously; `LlmClassifier` joins them around a synchronous function.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tierwatch.errors import ClassifierError
from tierwatch.routing.classify.classification import Classification, ClassifierConfig, Messages
from tierwatch.routing.content import cut_in_the_middle, message_text, role_of
from tierwatch.routing.tiers import Tier

# Stored beside what it produced; a changed prompt is a new file and a new version.
PROMPT_VERSION = "classify_v1"
# A label and a number take about 8 tokens, JSON around them about 20.
MOST_TOKENS = 50
# About 2,000 tokens: what decides the difficulty stands at the two ends, and the classifier must
# stay far cheaper than the answer.
_LONGEST_REQUEST = 8_000
# A reply of 50 tokens has at most some 300 characters; anything longer is no label.
_LONGEST_REPLY = 1_000

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@cache
def _prompt(version: str) -> str:
    return (
        resources.files("tierwatch.routing.classify")
        .joinpath("prompts", f"{version}.txt")
        .read_text("utf-8")
    )


def classification_request(
    messages: Messages, tiers: Sequence[Tier], config: ClassifierConfig
) -> dict[str, Any]:
    """The chat request, in OpenAI's form, that asks ``config.model`` to name a tier.

    The same messages give the same request. The caller's text stands between two fences made
    from its own hash, so that it cannot contain them, and is cut in the middle when it is long.
    """
    transcript = "\n\n".join(f"[{role_of(m) or 'user'}]\n{message_text(m)}" for m in messages)
    text = cut_in_the_middle(transcript, _LONGEST_REQUEST)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    fence = f"<<<{digest}>>>"
    instructions = _prompt(PROMPT_VERSION).format(
        tiers="\n".join(
            f"- {t.name}: {t.description}" if t.description else f"- {t.name}" for t in tiers
        ),
        fence=fence,
        example=f"{tiers[0].name} 0.82",
    )
    request: dict[str, Any] = {
        "model": config.model,
        "messages": [
            {"role": "system", "content": instructions},
            {"role": "user", "content": f"{fence}\n{text}\n{fence}"},
        ],
        "max_tokens": config.max_tokens,
        "temperature": 0,
    }
    if config.logprobs:
        request["logprobs"] = True
    return request


def read_classification(reply: Mapping[str, Any], tiers: Sequence[Tier]) -> Classification:
    """The tier and confidence in a chat completion (OpenAI's form).

    Accepted: ``simple 0.82`` (or ``82 %``), and ``{"tier": "simple", "confidence": 0.82}``. The
    confidence is the probability of the label's own tokens where the provider gives
    log-probabilities, else the number that is stated.

    Raises:
        ClassifierError: anything else; a label is never guessed.
    """
    try:
        choice = reply["choices"][0]
        text = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise _unreadable("no message in it") from None
    if not isinstance(text, str) or len(text) > _LONGEST_REPLY:
        raise _unreadable("no short text in it")
    names = {tier.name.casefold(): tier.name for tier in tiers}
    label, stated = _label_in_json(text) or _label_in_words(text, tuple(names))
    if label.casefold() not in names:
        raise _unreadable(f"{label[:40]!r}, which is no tier")
    confidence = _token_probability(choice, label)
    if confidence is None:
        confidence = stated
    if confidence is None:
        raise _unreadable("a label without a confidence")
    return Classification(names[label.casefold()], confidence)


def _unreadable(found: str) -> ClassifierError:
    return ClassifierError(
        f"the classifier's reply: found {found}; accepted a tier and a number from 0 to 1,"
        " such as `simple 0.82`"
    )


def _label_in_json(text: str) -> tuple[str, float | None] | None:
    body = text.strip().removeprefix("```json").strip("`").strip()
    if not body.startswith("{"):
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise _unreadable("broken JSON") from None
    label = value.get("tier", value.get("label"))
    if not isinstance(label, str):
        raise _unreadable("JSON without `tier`")
    stated = value.get("confidence")
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        return label, None
    if not 0 <= stated <= 1:
        raise _unreadable("a confidence outside 0 to 1")
    return label, float(stated)


@cache
def _words(names: tuple[str, ...]) -> re.Pattern[str]:
    labels = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"[\s\"'`*]*(?P<label>{labels})[\"'`*]*"
        r"(?:[\s,:;=(]{1,9}(?P<number>\d?\.\d{1,9}|\d{1,3})\s?(?P<percent>%?))?[\s.)\"'`*]*",
        re.IGNORECASE,
    )


def _label_in_words(text: str, names: tuple[str, ...]) -> tuple[str, float | None]:
    match = _words(names).fullmatch(text)
    if match is None:
        raise _unreadable("words that are not a tier and a number")
    if match["number"] is None:
        return match["label"], None
    stated = float(match["number"]) / (100 if match["percent"] else 1)
    if stated > 1:
        raise _unreadable("a confidence outside 0 to 1")
    return match["label"], stated


def _token_probability(choice: Mapping[str, Any], label: str) -> float | None:
    """Product of the probabilities of the tokens that spell the label; None where not given."""
    try:
        tokens = [(str(t["token"]), float(t["logprob"])) for t in choice["logprobs"]["content"]]
    except (KeyError, TypeError, ValueError):
        return None
    # In JSON the label follows its key, which a tier called "tier" would repeat: so the last.
    start = "".join(token for token, _ in tokens).rfind(label)
    if start < 0:
        return None
    end, position, total = start + len(label), 0, 0.0
    for token, logprob in tokens:
        if position < end and position + len(token) > start:
            total += logprob
        position += len(token)
    return min(1.0, math.exp(min(total, 0.0))) if math.isfinite(total) else None


@dataclass(frozen=True, slots=True)
class LlmClassifier:
    """Asks a model through ``ask``, a synchronous function that keeps its own time limit.

    Attributes:
        ask: sends a chat request in OpenAI's form and returns the reply; ``config.timeout_s``
            says how long it may take, and it raises TimeoutError after that.
        tiers: cheapest first.
        config: model, length and time limit.
    """

    ask: Ask
    tiers: Sequence[Tier]
    config: ClassifierConfig

    def classify(
        self,
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,  # noqa: ARG002 - the face of every classifier
        response_format: Mapping[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> Classification:
        """Ask, and read the reply.

        Raises:
            ClassifierError: no reply, or none that names a tier; ``__cause__`` says which.
        """
        request = classification_request(messages, self.tiers, self.config)
        try:
            reply = self.ask(request)
        except Exception as error:
            # Whatever a caller's function fails with, the request must still be served: the
            # router takes its default tier and counts the reason.
            raise ClassifierError(
                f"the classifier {self.config.model} gave no reply: {type(error).__name__}"
            ) from error
        return read_classification(reply, self.tiers)

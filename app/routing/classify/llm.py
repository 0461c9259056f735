"""The classifier that asks a cheap model to name the tier.

The request it sends and the reply it reads are pure functions, so that the gateway can do the
sending asynchronously; `LlmClassifier` joins them around a synchronous function.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tierwatch.errors import ClassifierError
from tierwatch.routing.classify.classification import Classification, ClassifierConfig, Messages
from tierwatch.routing.content import cut_in_the_middle, message_text, role_of
from tierwatch.routing.harness import human_text
from tierwatch.routing.llm_reply import label_of, said_of, token_probability, unreadable
from tierwatch.routing.task import task_of
from tierwatch.routing.tiers import Tier

# Stored beside what it produced; a changed prompt is a new file and a new version.
PROMPT_VERSION = "classify_v1"
# A label and a number take about 8 tokens, JSON around them about 20.
MOST_TOKENS = 50
# About 2,000 tokens: what decides the difficulty stands at the two ends, and the classifier must
# stay far cheaper than the answer.
_LONGEST_REQUEST = 8_000
# Of that, for what a program says of itself, for one result of a tool, and for what is asked.
_LONGEST_SYSTEM = 1_000
_LONGEST_RESULT = 500
_LONGEST_TASK = 3_000

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
    text = cut_in_the_middle(_transcript(messages), _LONGEST_REQUEST)
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


def _transcript(messages: Messages) -> str:
    """The chat as a person would tell it: what programs add is left out or cut."""
    lines = []
    for message in messages:
        role = role_of(message) or "user"
        text = message_text(message)
        if role == "user":
            text = human_text(message) or (text if len(messages) == 1 else "")
        elif role in {"system", "developer"}:
            text = cut_in_the_middle(text, _LONGEST_SYSTEM)
        elif role in {"tool", "function"}:
            text = cut_in_the_middle(text, _LONGEST_RESULT)
        if text or role != "user":
            lines.append(f"[{role}]\n{text}")
    task = task_of(messages)
    if task.results:
        # It stands somewhere above, and may be cut out.
        lines.append(f"[what the user asked for]\n{cut_in_the_middle(task.prompt, _LONGEST_TASK)}")
    return "\n\n".join(lines)


def read_classification(reply: Mapping[str, Any], tiers: Sequence[Tier]) -> Classification:
    """The tier and confidence in a chat completion (OpenAI's form).

    Accepted, behind whatever the model thought aloud: ``simple 0.82`` and what small models make of
    it (``Tier: simple``, ``simple - confidence: 82 %``, ``simple (0,82)``), and JSON with a tier
    and a confidence in it, alone, in a fence or beside words. The confidence is the probability of
    the label's own tokens where the provider gives log-probabilities, else the number that is
    stated.

    Raises:
        ClassifierError: anything else; a label is never guessed.
    """
    choice, text = said_of(reply)
    names = {tier.name.casefold(): tier.name for tier in tiers}
    label, stated = label_of(text, tuple(names))
    if label.casefold() not in names:
        raise unreadable(f"{label[:40]!r}, which is no tier")
    confidence = token_probability(choice, label)
    if confidence is None:
        confidence = stated
    if confidence is None:
        raise unreadable("a label without a confidence")
    return Classification(names[label.casefold()], confidence)


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

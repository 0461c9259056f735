"""What a comparison will cost, before it is asked for."""

from collections.abc import Sequence

from tierwatch.config.judge import PromptKind
from tierwatch.judges.prompting.fenced import judge_prompt
from tierwatch.judges.prompting.notes import NOTES_VERSION
from tierwatch.judges.shown.token_estimate import estimated_tokens
from tierwatch.judges.versions import PROMPT_VERSIONS
from tierwatch.routing.tiers import Price

# A reason of two sentences and a verdict; five criteria and an answer, in English.
REPLY_TOKENS, NOTES_TOKENS = 80, 400
_ORDERS = 2


def expected_usd(price: Price, prompt: PromptKind, question: str, answers: Sequence[str]) -> float:
    """USD of one comparison in both orders, by the tokens that we estimate.

    Not guaranteed: what a model thinks before it answers, and tries that are made again, come on
    top.

    Args:
        price: of the model.
        prompt: plain, or reference.
        question: the conversation.
        answers: both.
    """
    asked = estimated_tokens(question)
    shown = asked + sum(map(estimated_tokens, answers))
    each = _around(f"pairwise_{PROMPT_VERSIONS[prompt]}") + shown
    if prompt == "plain":
        return _ORDERS * price.cost_usd(each, REPLY_TOKENS)
    notes = price.cost_usd(_around(NOTES_VERSION) + asked, NOTES_TOKENS)
    return notes + _ORDERS * price.cost_usd(each + NOTES_TOKENS, REPLY_TOKENS)


def _around(name: str) -> int:
    return sum(estimated_tokens(part.template) for part in judge_prompt(name))

"""Notes before a comparison: what a good answer must do, and an answer, by one who saw neither.

On LLMBar's pairs a judge that writes criteria and a reference first is right more often where its
orders agree: GPT-4 .91 against .78 to .87, PaLM2 .83 against .72 to .78 (benchmarks/judges.py). The
notes are asked for without the answers, once for both orders: so no answer can speak to their
author, and both orders are held against the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tierwatch.errors import ProviderError
from tierwatch.judges.asking import Asker, Tally
from tierwatch.judges.prompting.fenced import ROOMS, TRIES, fenced, judge_prompt
from tierwatch.judges.reply import said_aloud
from tierwatch.judges.shown.prompt_texts import prompt_texts
from tierwatch.judges.shown.token_estimate import estimated_tokens
from tierwatch.judges.transcript import readable
from tierwatch.judges.verdict import FILTERED, TOO_LONG, UNREADABLE, Question

NOTES_VERSION = "notes_v1"
# Five criteria and 250 words take some 600 tokens in English, twice that in other scripts.
MAX_TOKENS = 1_200
# What is shown of them: a model that does not stop shall not push out the answers.
_MOST_SHOWN = 6_000
_LEAST_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Notes:
    """Criteria and a reference answer; where there are none, ``why_none`` says so."""

    text: str
    why_none: str = ""


class NoteTaker:
    """Asks a judge's model for notes on a conversation.

    Args:
        asker: of the judge; it is one model that writes and compares.
        prompt_tokens: longest prompt sent, as we estimate it.
        nonce: gives the code in the fences.
    """

    def __init__(self, asker: Asker, prompt_tokens: int, nonce: Callable[[], str]) -> None:
        self._asker = asker
        self._prompt = judge_prompt(NOTES_VERSION)
        around = sum(estimated_tokens(part.template) for part in self._prompt)
        self._tokens = max(_LEAST_TOKENS, prompt_tokens - around)
        self._nonce = nonce

    def write(self, question: Question, tally: Tally) -> Notes:
        """Write the notes, and add what that took to ``tally``.

        There are none when the model says nothing twice, takes not even a quarter of the prompt, or
        is stopped by a filter of its provider.

        Raises:
            ProviderError: the provider did not answer, or not within the time.
        """
        for share in ROOMS:
            try:
                return self._written(question, int(self._tokens * share), tally)
            except ProviderError as problem:
                if problem.refused_for == "content":
                    why = "the provider's filter stopped the conversation, before any comparison."
                    return Notes("", f"{FILTERED}: {why}")
                if problem.refused_for != "context":
                    raise
        why = f"the model refused {len(ROOMS)} conversations, each shorter than the last."
        return Notes("", f"{TOO_LONG}: {why}")

    def _written(self, question: Question, tokens: int, tally: Tally) -> Notes:
        nobody: dict[str, str] = {"content": ""}
        texts = prompt_texts(question, nobody, nobody, tokens=tokens)
        data = {"conversation": texts.conversation, "tools": texts.tools}
        for _ in range(TRIES):
            messages = fenced(self._prompt, data, self._nonce)
            said = readable(said_aloud(self._asker.ask(messages, tally, max_tokens=MAX_TOKENS)))
            if said.strip():
                return Notes(said.strip()[:_MOST_SHOWN])
        return Notes("", f"{UNREADABLE}: no notes on the conversation, {TRIES} times.")

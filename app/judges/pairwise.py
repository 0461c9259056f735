"""The pairwise judge: a model sees both answers, blind and fenced, in both orders."""

import hashlib
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from tierwatch.config.judge import PROMPT_TOKENS, PromptKind
from tierwatch.errors import ProviderError, UnreadableVerdictError
from tierwatch.judges.asking import Asker, Completes, Tally
from tierwatch.judges.prompting.fenced import ROOMS, TRIES, fenced, judge_prompt
from tierwatch.judges.prompting.notes import Notes, NoteTaker
from tierwatch.judges.reply import RAW_CHARS, Reading, read_verdict
from tierwatch.judges.shown.prompt_texts import PromptTexts, prompt_texts
from tierwatch.judges.shown.token_estimate import estimated_tokens
from tierwatch.judges.transcript import answer_text
from tierwatch.judges.verdict import (
    FILTERED,
    TOO_LONG,
    UNREADABLE,
    Answer,
    Decided,
    Order,
    OrderVerdict,
    Preferred,
    Question,
    Verdict,
)
from tierwatch.judges.versions import PROMPT_VERSIONS, pairwise_version
from tierwatch.routing.tiers import Price

# However little is allowed, so much of a pair is shown.
_LEAST_TOKENS = 500
# A reason of two sentences and the verdict take about 80 tokens.
MAX_TOKENS = 400
# The form of the reply, for models that can be held to one.
_FORM: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "verdict": {"type": "string", "enum": ["A", "B", "tie"]},
            },
            "required": ["reason", "verdict"],
            "additionalProperties": False,
        },
    },
}
# Servers are upgraded; whether a model can be held to a form is asked again after an hour.
_FORM_REFUSED_S = 3_600.0


class PairwiseJudge:
    """Compares two answers with a model that knows neither models, nor tiers, nor who served.

    With ``orders="both"`` it is asked twice with the answers swapped, and only what it says both
    times stands: two different verdicts are ``inconclusive`` (``swap_disagreement``). With
    ``"one"`` it is asked in one order, drawn by a hash of the answers, at half the cost and with
    the judge's preference for a position left in.

    Args:
        client: asks models, see `Completes`.
        provider: name of the provider in the configuration.
        model: the judge's model.
        prompt: ``plain``, or ``reference``: the model first writes criteria and an answer of its
            own (`notes`), and is shown them in each order.
        orders: ``both`` or ``one``.
        prompt_tokens: longest prompt sent, as we estimate it; what is longer is cut, each part in
            its own share (`shown.prompt_texts`).
        price: of the judge's model; without it cost counts as 0.
        timeout_s: what one comparison may take, all its calls together; None leaves each call to
            the client's own time-out.
        nonce: gives the code in the fences; its authors must not be able to guess it.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        client: Completes,
        provider: str,
        model: str,
        *,
        prompt: PromptKind = "plain",
        orders: Literal["both", "one"] = "both",
        prompt_tokens: int = PROMPT_TOKENS,
        price: Price | None = None,
        timeout_s: float | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asker = Asker(client, provider, model, price, timeout_s)
        self._prompts = judge_prompt(f"pairwise_{PROMPT_VERSIONS[prompt]}")
        around = sum(estimated_tokens(part.template) for part in self._prompts)
        self._tokens = max(_LEAST_TOKENS, prompt_tokens - around)
        self._orders = orders
        self._nonce = nonce
        self._clock = clock
        self._formless_until = -math.inf
        self._notes = None if prompt == "plain" else NoteTaker(self._asker, prompt_tokens, nonce)
        self._version = pairwise_version(
            model, prompt=prompt, orders=orders, prompt_tokens=prompt_tokens
        )

    @property
    def version(self) -> str:
        """As `versions.pairwise_version` has it."""
        return self._version

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Ask in each order and combine.

        Unscored when an order stays unreadable after one retry, when the model takes not even a
        quarter of the prompt, or when a filter of its provider stops it.

        Raises:
            ProviderError: the provider did not answer, or not within the time.
        """
        tally = Tally()
        notes = Notes("") if self._notes is None else self._notes.write(question, tally)
        heard: list[OrderVerdict] = []
        for order in self._orders_for(served, alternative):
            if notes.why_none:
                heard.append(OrderVerdict(order, None, notes.why_none, ""))
            else:
                shown = self._ask(order, question, notes.text, (served, alternative), tally)
                heard.append(replace(shown, notes=notes.text[:RAW_CHARS]))
            if heard[-1].preferred is None:
                break  # nothing the other order says could make a verdict
        preferred, basis, reason = _combined(heard)
        return Verdict(
            preferred=preferred,
            basis=basis,
            reason="" if preferred is None else reason,
            judge_version=self._version,
            orders=tuple(heard),
            unscored_why=reason if preferred is None else "",
            cost_usd=tally.cost_usd,
            calls=tally.calls,
            latency_ms=tally.latency_ms,
        )

    def _orders_for(self, served: Answer, alternative: Answer) -> tuple[Order, ...]:
        if self._orders == "both":
            return ("served_first", "alternative_first")
        # Drawn of the two texts, not of who gave which: swapped answers make the same prompt.
        texts = [answer_text(served), answer_text(alternative)]
        drawn = "\x00".join(sorted(texts)).encode("utf-8", "replace")
        lesser_first = hashlib.blake2b(drawn, digest_size=1).digest()[0] & 1 == 1
        served_first = lesser_first == (texts[0] <= texts[1])
        return ("served_first",) if served_first else ("alternative_first",)

    def _ask(
        self,
        order: Order,
        question: Question,
        notes: str,
        pair: tuple[Answer, Answer],
        tally: Tally,
    ) -> OrderVerdict:
        first, second = pair if order == "served_first" else pair[::-1]
        room = max(_LEAST_TOKENS, self._tokens - estimated_tokens(notes))
        for share in ROOMS:
            texts = prompt_texts(question, first, second, tokens=int(room * share))
            cut = _by_side(texts.left_out, order)
            try:
                return replace(self._read(order, texts, notes, tally), cut=cut)
            except ProviderError as problem:
                if problem.refused_for == "content":
                    why = f"{FILTERED}: {order}, the provider's filter stopped the prompt."
                    return OrderVerdict(order, None, why, "", cut)
                if problem.refused_for != "context":
                    raise
        why = f"the model refused {len(ROOMS)} prompts, each shorter than the last."
        return OrderVerdict(order, None, f"{TOO_LONG}: {order}, {why}", "", cut)

    def _read(self, order: Order, texts: PromptTexts, notes: str, tally: Tally) -> OrderVerdict:
        raw, why = "", ""
        for again in range(TRIES):
            # A fresh code each time: a reply that failed once is not asked for word by word again.
            messages = self._messages(texts, notes)
            # Nor in the form that it failed in: some servers hold models to one badly.
            raw = self._reply(messages, tally, formless=again > 0)
            try:
                reading = read_verdict(raw, judged=messages[-1]["content"])
            except UnreadableVerdictError as problem:
                why = str(problem)
                continue
            return OrderVerdict(order, _preferred(reading, order), reading.reason, raw[:RAW_CHARS])
        why = f"{UNREADABLE}: {order}, {TRIES} times. {why}"
        return OrderVerdict(order, None, why, raw[:RAW_CHARS])

    def _reply(self, messages: list[dict[str, Any]], tally: Tally, *, formless: bool) -> str:
        """The model's words, held to the form of a verdict where it can be."""
        if not formless and self._clock() >= self._formless_until:
            try:
                return self._asker.ask(
                    messages, tally, max_tokens=MAX_TOKENS, response_format=_FORM
                )
            except ProviderError as problem:
                if problem.refused_for != "structured_output":
                    raise
                self._formless_until = self._clock() + _FORM_REFUSED_S
        return self._asker.ask(messages, tally, max_tokens=MAX_TOKENS)

    def _messages(self, texts: PromptTexts, notes: str) -> list[dict[str, Any]]:
        data = {
            "conversation": texts.conversation,
            "answer_a": texts.answer_a,
            "answer_b": texts.answer_b,
            "tools": texts.tools,
        }
        if self._notes is not None:
            data["notes"] = notes
        return fenced(self._prompts, data, self._nonce)


def _by_side(left_out: Mapping[str, int], order: Order) -> dict[str, int]:
    """Characters left out, the answers by who gave them."""
    a, b = ("served", "alternative") if order == "served_first" else ("alternative", "served")
    names = {"answer_a": a, "answer_b": b}
    return {names.get(part, part): signs for part, signs in left_out.items()}


def _preferred(reading: Reading, order: Order) -> Preferred:
    if reading.verdict == "tie":
        return "tie"
    return "served" if (reading.verdict == "A") == (order == "served_first") else "alternative"


def _combined(heard: list[OrderVerdict]) -> tuple[Decided | None, str, str]:
    last = heard[-1]
    if last.preferred is None:
        return None, "pairwise", last.reason
    if len(heard) == 1:
        return last.preferred, "one_order", last.reason
    first = heard[0]
    if first.preferred == last.preferred:
        return last.preferred, "pairwise", first.reason
    said = "; ".join(f"{one.order}: {one.preferred} ({one.reason})" for one in heard)
    return "inconclusive", "swap_disagreement", f"The orders disagree. {said}"

"""The pairwise judge: a model sees both answers, blind and fenced, in both orders."""

import functools
import hashlib
import secrets
from collections.abc import Callable
from importlib.resources import files
from string import Template
from typing import Any, Literal

from tierwatch.errors import JudgeError, UnreadableVerdictError
from tierwatch.judges.asking import Asker, Completes, Tally
from tierwatch.judges.reply import RAW_CHARS, Reading, read_verdict
from tierwatch.judges.transcript import answer_text, conversation_text, cut_middle, readable
from tierwatch.judges.verdict import Answer, Order, OrderVerdict, Preferred, Question, Verdict
from tierwatch.routing.tiers import Price

# About 6,000 tokens for each of conversation, A and B.
MAX_CHARS = 24_000
# A reason of two sentences and the verdict take about 80 tokens.
MAX_TOKENS = 400
# One retry: a reply without a verdict is mostly chance, twice in a row it is a habit.
TRIES = 2
_NONCE_TRIES = 8


class PairwiseJudge:
    """Compares two answers with a model that knows neither models, nor tiers, nor who served.

    With ``orders="both"`` it is asked twice with the answers swapped, and only what it says both
    times stands: two different verdicts are a tie with basis ``swap_disagreement``. With ``"one"``
    it is asked in one order, drawn by a hash of the answers, at half the cost and with the judge's
    preference for a position left in.

    Args:
        client: asks models, see `Completes`.
        provider: name of the provider in the configuration.
        model: the judge's model.
        prompt_version: which file of ``prompts/`` is sent.
        orders: ``both`` or ``one``.
        max_chars: longest conversation and longest answer sent; the middle is cut from longer ones.
        price: of the judge's model; without it cost counts as 0.
        timeout_s: what one comparison may take, all its calls together; None leaves each call to
            the client's own time-out.
        nonce: gives the code in the fences; its authors must not be able to guess it.
    """

    def __init__(
        self,
        client: Completes,
        provider: str,
        model: str,
        *,
        prompt_version: str = "v1",
        orders: Literal["both", "one"] = "both",
        max_chars: int = MAX_CHARS,
        price: Price | None = None,
        timeout_s: float | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._asker = Asker(client, provider, model, price, timeout_s)
        self._prompts = pairwise_prompt(prompt_version)
        self._orders = orders
        self._max_chars = max_chars
        self._nonce = nonce
        self._version = f"pairwise/{prompt_version}/{model}" + ("/one" if orders == "one" else "")

    @property
    def version(self) -> str:
        """``pairwise/<prompt version>/<model>``, with ``/one`` when asked in one order only."""
        return self._version

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Ask in each order and combine. Unscored when an order stays unreadable after one retry.

        Raises:
            ProviderError: the provider did not answer, or not within the time.
        """
        tally = Tally()
        heard: list[OrderVerdict] = []
        for order in self._orders_for(served, alternative):
            heard.append(self._ask(order, question, served, alternative, tally))
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
        self, order: Order, question: Question, served: Answer, alternative: Answer, tally: Tally
    ) -> OrderVerdict:
        first, second = (served, alternative) if order == "served_first" else (alternative, served)
        raw, why = "", ""
        for _ in range(TRIES):
            # A fresh code each time: a reply that failed once is not asked for word by word again.
            messages = self._messages(question, first, second)
            raw = self._asker.ask(messages, tally, max_tokens=MAX_TOKENS)
            try:
                reading = read_verdict(raw, judged=messages[-1]["content"])
            except UnreadableVerdictError as problem:
                why = str(problem)
                continue
            return OrderVerdict(order, _preferred(reading, order), reading.reason, raw[:RAW_CHARS])
        return OrderVerdict(order, None, why, raw[:RAW_CHARS])

    def _messages(self, question: Question, first: Answer, second: Answer) -> list[dict[str, Any]]:
        data = {
            "conversation": conversation_text(question),
            "answer_a": answer_text(first),
            "answer_b": answer_text(second),
        }
        data = {name: cut_middle(readable(text), self._max_chars) for name, text in data.items()}
        nonce = self._fresh_nonce("\n".join(data.values()))
        system, user = self._prompts
        return [
            {"role": "system", "content": system.substitute(nonce=nonce)},
            {"role": "user", "content": user.substitute(data, nonce=nonce)},
        ]

    def _fresh_nonce(self, text: str) -> str:
        """A code that the text does not hold in either case, so no line of it can be a fence."""
        lowered = text.lower()
        for _ in range(_NONCE_TRIES):
            nonce = self._nonce()
            if nonce.lower() not in lowered:
                return nonce
        raise JudgeError(
            f"The text to judge held {_NONCE_TRIES} fence codes in a row: they can be guessed."
        )


@functools.cache
def pairwise_prompt(version: str) -> tuple[Template, Template]:
    """System and user part of a prompt version. A published version is never edited.

    Raises:
        JudgeError: there is no such version.
    """
    try:
        text = (files("tierwatch.judges") / "prompts" / f"pairwise_{version}.txt").read_text(
            "utf-8"
        )
    except OSError as missing:
        raise JudgeError(f"There is no pairwise prompt {version!r}.") from missing
    system, user = text.removeprefix("[system]\n").split("\n[user]\n")
    return Template(system), Template(user.rstrip("\n"))


def _preferred(reading: Reading, order: Order) -> Preferred:
    if reading.verdict == "tie":
        return "tie"
    return "served" if (reading.verdict == "A") == (order == "served_first") else "alternative"


def _combined(heard: list[OrderVerdict]) -> tuple[Preferred | None, str, str]:
    last = heard[-1]
    if last.preferred is None:
        return None, "pairwise", f"{last.order}: unreadable {TRIES} times. {last.reason}"
    if len(heard) == 1:
        return last.preferred, "one_order", last.reason
    first = heard[0]
    if first.preferred == last.preferred:
        return last.preferred, "pairwise", first.reason
    said = "; ".join(f"{one.order}: {one.preferred} ({one.reason})" for one in heard)
    return "tie", "swap_disagreement", f"The orders disagree. {said}"

"""Asking the judge's model: one prompt, one reply, what it cost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tierwatch.errors import ProviderError
from tierwatch.routing.tiers import Price

# Room for a reasoning model to think before the few words that are wanted.
_REASONING_TOKENS = 4_000
_THINKS_ALOUD = "<think"


class Completed(Protocol):
    """What is read of a completion; `providers.completion.Completion` is one."""

    @property
    def message(self) -> dict[str, Any]:
        """The assistant message."""

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""

    @property
    def completion_tokens(self) -> int:
        """Tokens of the reply."""

    @property
    def cached_tokens(self) -> int:
        """Part of the prompt that came from the provider's prompt cache."""

    @property
    def cache_write_tokens(self) -> int:
        """Part of the prompt that was put into it."""

    @property
    def latency_ms(self) -> float:
        """Time the call took."""


class Completes(Protocol):
    """A client of chat models; `providers.completion.ChatClient` is one."""

    def complete(
        self, provider: str, request: dict[str, Any], *, timeout_s: float | None = None
    ) -> Completed:
        """Answer a request in OpenAI's chat form, within ``timeout_s`` where that is given.

        Raises:
            ProviderError: there was no answer.
        """


@dataclass(slots=True)
class Tally:
    """What judging one pair took so far. ``began`` is the clock's reading at its first call."""

    calls: int = 0
    cost_usd: float = 0.0
    latency_ms: float = 0.0
    began: float | None = field(default=None, compare=False)


@dataclass(slots=True)
class Asker:
    """One model at one provider, asked at temperature 0. Threads may share it.

    What the model does not take is the client's business, which fits a request and remembers what
    was refused. What is learned here is that it reasons: a reply that ended before its first word
    is asked for once more with room for thoughts, and has it from then on.

    ``timeout_s`` bounds all calls for one pair together: each gets what the ones before it left.
    ``effort`` is how much it is to think; empty where that is the model's to say.
    """

    client: Completes
    provider: str
    model: str
    price: Price | None = None
    timeout_s: float | None = None
    effort: str = ""
    clock: Callable[[], float] = time.monotonic
    _reasons: bool = False

    def ask(
        self,
        messages: list[dict[str, Any]],
        tally: Tally,
        *,
        max_tokens: int,
        response_format: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the reply's text, empty when there is none, and add the call to ``tally``.

        Args:
            messages: the prompt.
            tally: of the pair.
            max_tokens: of the reply, thoughts apart.
            response_format: the form it is held to, in OpenAI's words.

        Raises:
            ProviderError: there was no answer, or no time is left. ``spent_usd`` is the tally's
                cost, which would be lost with it.
        """
        asked: dict[str, Any] = {"messages": messages}
        if response_format is not None:
            asked["response_format"] = response_format
        try:
            text, cut = self._complete(self._request(asked, max_tokens), tally)
            if not cut or self._reasons or not _is_thought(text):
                return text
            self._reasons = True
            return self._complete(self._request(asked, max_tokens), tally)[0]
        except ProviderError as problem:
            if self.price is not None:
                tally.cost_usd += self.price.cost_usd(*problem.billed)
            problem.spent_usd = tally.cost_usd
            raise

    def _request(self, asked: dict[str, Any], max_tokens: int) -> dict[str, Any]:
        most = max_tokens + _REASONING_TOKENS if self._reasons else max_tokens
        said = {"reasoning_effort": self.effort} if self.effort else {}
        return {"model": self.model, **asked, **said, "temperature": 0, "max_tokens": most}

    def _time_left(self, tally: Tally) -> float | None:
        if self.timeout_s is None:
            return None
        now = self.clock()
        if tally.began is None:
            tally.began = now
        left_s = tally.began + self.timeout_s - now
        if left_s <= 0:
            raise ProviderError(
                f"Judging one pair took more than {self.timeout_s:g} s (evaluation.judge.timeout).",
                kind="timeout",
            )
        return left_s

    def _complete(self, request: dict[str, Any], tally: Tally) -> tuple[str, bool]:
        """The reply's text, and whether it was cut at the limit."""
        left_s = self._time_left(tally)
        done = self.client.complete(self.provider, request, timeout_s=left_s)
        tally.calls += 1
        tally.latency_ms += done.latency_ms
        if self.price is not None:
            tally.cost_usd += self.price.cost_usd(
                done.prompt_tokens,
                done.completion_tokens,
                done.cached_tokens,
                done.cache_write_tokens,
            )
        return _text(done.message.get("content")), done.finish_reason == "length"


def _is_thought(text: str) -> bool:
    """Whether all that was said before the limit is what a model thinks first."""
    start = text.lstrip()
    return not start or start.startswith(_THINKS_ALOUD)


def _text(content: object) -> str:
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""

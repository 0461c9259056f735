"""Asking the judge's model: one prompt, one reply, what it cost."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tierwatch.errors import ProviderError
from tierwatch.routing.tiers import Price

_BAD_REQUEST = 400
# Room for a reasoning model to think before the few words that are wanted.
_REASONING_TOKENS = 4_000


class Completed(Protocol):
    """What is read of a completion; `providers.completion.Completion` is one."""

    @property
    def message(self) -> dict[str, Any]:
        """The assistant message."""

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

    Reasoning models refuse ``temperature`` or ``max_tokens`` with status 400. A parameter that was
    refused by name is left out (``max_tokens`` becomes ``max_completion_tokens`` with room for the
    reasoning) and not sent again.

    ``timeout_s`` bounds all calls for one pair together: each gets what the ones before it left.
    """

    client: Completes
    provider: str
    model: str
    price: Price | None = None
    timeout_s: float | None = None
    clock: Callable[[], float] = time.monotonic
    _refused: set[str] = field(default_factory=set)

    def ask(self, messages: list[dict[str, Any]], tally: Tally, *, max_tokens: int) -> str:
        """Return the reply's text, empty when there is none, and add the call to ``tally``.

        Raises:
            ProviderError: there was no answer, or no time is left. ``spent_usd`` is the tally's
                cost, which would be lost with it.
        """
        try:
            for _ in range(2):
                request = self._request(messages, max_tokens)
                try:
                    return self._complete(request, tally)
                except ProviderError as problem:
                    named = self._refused_parameters(problem) & request.keys()
                    if not named:
                        raise
                    self._refused.update(named)
            return self._complete(self._request(messages, max_tokens), tally)
        except ProviderError as problem:
            if self.price is not None:
                tally.cost_usd += self.price.cost_usd(*problem.billed)
            problem.spent_usd = tally.cost_usd
            raise

    def _request(self, messages: list[dict[str, Any]], max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {"model": self.model, "messages": messages}
        if "temperature" not in self._refused:
            request["temperature"] = 0
        if "max_tokens" in self._refused:
            request["max_completion_tokens"] = max_tokens + _REASONING_TOKENS
        else:
            request["max_tokens"] = max_tokens
        return request

    def _refused_parameters(self, problem: ProviderError) -> set[str]:
        if problem.status != _BAD_REQUEST:
            return set()
        return {name for name in ("temperature", "max_tokens") if name in problem.body}

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

    def _complete(self, request: dict[str, Any], tally: Tally) -> str:
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
        content = done.message.get("content")
        if isinstance(content, list):
            parts = (part.get("text") for part in content if isinstance(part, dict))
            return "".join(part for part in parts if isinstance(part, str))
        return content if isinstance(content, str) else ""

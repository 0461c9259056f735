"""A recording of two exchanges, and the provider that answers from it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.applications import Starlette

from tierwatch.config import ProviderConfig
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.recorded.provider import build_recorded_app
from tierwatch.providers.recorded.traffic_file import RecordedAnswer, RecordedExchange
from tierwatch.routing.tiers import Price

MODELS = {"small": "simple", "middle": "standard", "large": "complex"}


PRICES = {"simple": Price(0.25, 0.25), "standard": Price(3, 3), "complex": Price(15, 15)}


def exchange(  # noqa: PLR0917 - a row of a table
    name: str,
    prompt: str,
    verdicts: Mapping[str, str] | None = None,
    scores: tuple[float | None, ...] = (None, None, None),
    texts: tuple[str, ...] = ("low", "mid", "high"),
    task: str = "t",
) -> RecordedExchange:
    answers = {
        tier: RecordedAnswer(f"{text} {name}" if len(text) < 9 else text, 0.001, score)
        for tier, text, score in zip(MODELS.values(), texts, scores, strict=True)
    }
    return RecordedExchange(
        id=name,
        at_s=0.0,
        session=name,
        task=task,
        messages=({"role": "user", "content": prompt},),
        answers=answers,
        verdicts=verdicts or {},
    )


WORSE = exchange("e1", "What is 1+1?", {"simple<standard": "worse", "standard<complex": "tie"})


BETTER = exchange("e2", "Write to ann@x.test, please.", {"simple<standard": "better"}, (1, 0, 0.5))


def app_of(*exchanges: RecordedExchange, **arguments: Any) -> Starlette:
    given: dict[str, Any] = {
        "tier_of_model": MODELS,
        "judge_models": {"judge"},
        "classifier_models": {"classifier"},
        "prices": PRICES,
    }
    return build_recorded_app(exchanges, **{**given, **arguments})


def ask(app: Starlette, *requests: dict[str, Any]) -> list[httpx.Response]:
    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
            return [await client.post("/v1/chat/completions", json=one) for one in requests]

    return asyncio.run(send())


def request(prompt: str, model: str = "small", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


class Recorded:
    """A `ChatClient` in front of the app, without a network."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        config = ProviderConfig(kind="openai")
        self._client = ChatClient({"p": config}, {}, transport=httpx.MockTransport(self._send))

    def _send(self, one: httpx.Request) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
                url = "/v1/chat/completions"
                got = await client.post(url, content=one.content)
                return httpx.Response(got.status_code, content=got.content)

        return asyncio.run(send())

    def complete(self, provider: str, request: dict[str, Any], **_: object) -> Any:
        return self._client.complete(provider, request)

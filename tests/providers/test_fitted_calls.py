"""Workers' requests as models take them: fitted, asked once more after a refusal, remembered."""

from typing import Any

import httpx
import orjson
import pytest
from factories.refused import anthropic, openai

from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.providers.completion import ChatClient
from tierwatch.routing.facts import Facts
from tierwatch.routing.tiers import Price, Tier

REPLY = {"choices": [{"message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}]}
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "A"}]}
HELLO = [{"role": "user", "content": "Hello."}]


class Vendor:
    """Refuses, each in turn, what it is given a sentence for; answers what is left."""

    def __init__(self, *no: tuple[str, str], reply: object = REPLY) -> None:
        self.no = no
        self.reply = reply
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = orjson.loads(request.content)
        self.asked.append(body)
        for field, words in self.no:
            if field in body:
                return httpx.Response(400, content=words.encode())
        return httpx.Response(200, json=self.reply)


def client(vendor: Vendor, kind: str = "openai", *tiers: Tier) -> ChatClient:
    config = ProviderConfig.model_validate({"kind": kind, "base_url": "http://p.test/v1"})
    transport = httpx.MockTransport(vendor)
    return ChatClient({"p": config}, {}, memory=Memory(tiers), transport=transport)


def no(field: str) -> tuple[str, str]:
    return field, openai(f"Unsupported parameter: '{field}' is not supported.", param=field)


def test_a_reasoning_model_is_asked_as_it_takes_it_at_once() -> None:
    vendor = Vendor(no("max_tokens"), no("temperature"))
    asked = {"model": "gpt-5", "messages": HELLO, "max_tokens": 50, "temperature": 0}
    done = client(vendor).complete("p", asked)
    assert vendor.asked == [{"model": "gpt-5", "messages": HELLO, "max_completion_tokens": 50}]
    assert done.fitted == ("max_tokens->max_completion_tokens", "-temperature")


def test_an_unknown_one_says_so_once() -> None:
    vendor = Vendor(no("max_tokens"), no("temperature"))
    chat = client(vendor)
    asked = {"model": "m", "messages": HELLO, "max_tokens": 50, "temperature": 0}
    assert chat.complete("p", asked).message["content"] == "A"
    assert len(vendor.asked) == 3
    chat.complete("p", asked)
    assert len(vendor.asked) == 4
    assert asked["temperature"] == 0


def test_what_the_file_says_of_the_tiers_model_is_known() -> None:
    vendor = Vendor()
    tier = Tier("simple", "m", "p", Price(1, 1), takes=Facts(output=10, stop=False))
    done = client(vendor, "openai", tier).complete(
        "p", {"model": "m", "messages": HELLO, "max_tokens": 50, "stop": "x"}
    )
    assert done.fitted == ("max_tokens<=10", "-stop")


def test_a_long_prompt_is_said_to_be_one_and_teaches_no_name() -> None:
    words = openai("This model's maximum context length is 32768 tokens, messages or max_tokens.")
    vendor = Vendor(("seed", words))
    chat = client(vendor)
    asked = {"model": "m", "messages": HELLO, "max_tokens": 400}
    with pytest.raises(ProviderError) as raised:
        chat.complete("p", {**asked, "seed": 1})
    assert raised.value.refused_for == "context"
    assert len(vendor.asked) == 1
    chat.complete("p", asked)
    assert vendor.asked[-1]["max_tokens"] == 400


def test_both_refusals_are_paid_for_with_the_second_ones_words() -> None:
    class Stubborn(Vendor):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            self.asked.append(orjson.loads(request.content))
            word = "seed" if len(self.asked) == 1 else "nothing that helps"
            return httpx.Response(400, content=openai(f"Unknown parameter: '{word}'").encode())

    vendor = Stubborn()
    with pytest.raises(ProviderError, match="nothing that helps"):
        client(vendor).complete("p", {"model": "m", "messages": HELLO, "seed": 1})
    assert len(vendor.asked) == 2


def test_a_request_may_be_said_on_another_wire() -> None:
    vendor = Vendor(reply=MESSAGE)
    asked = {
        "model": "claude-haiku-4-5",
        "max_tokens": 128_000,
        "messages": HELLO,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
        "stream": True,
    }
    done = client(vendor, "anthropic").complete("p", asked, wire="anthropic")
    assert done.message["content"] == "A"
    assert vendor.asked[0]["thinking"] == {"type": "enabled", "budget_tokens": 4_096}
    assert vendor.asked[0]["max_tokens"] == 64_000
    assert "stream" not in vendor.asked[0]
    assert "-output_config.effort" in done.fitted
    assert done.tokens_estimated


def test_a_refusal_on_anthropics_wire_is_read_as_well() -> None:
    vendor = Vendor(
        ("output_config", anthropic("This model does not support the effort parameter.")),
        reply=MESSAGE,
    )
    asked = {"model": "m", "max_tokens": 9, "messages": HELLO, "output_config": {"effort": "low"}}
    done = client(vendor, "anthropic").complete("p", asked, wire="anthropic")
    assert done.fitted == ("-output_config.effort",)
    assert len(vendor.asked) == 2

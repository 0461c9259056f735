"""Requests through a gateway to a vendor that refuses what its models do not take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.gateway import RunningGateway
from fakes.vendor.server import Vendor

HELLO = [{"role": "user", "content": "Say hello."}]
IMAGE = {
    "type": "image_url",
    "image_url": {
        "url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
        "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    },
}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor().running() as running:
        yield running


class Asking:
    """A gateway of three tiers, and what came of its last request."""

    def __init__(self, gateway: RunningGateway, vendor: Vendor) -> None:
        self.gateway = gateway
        self.vendor = vendor
        self.before = len(vendor.posted())

    def chat(self, model: str = "auto", **fields: Any) -> httpx.Response:
        return self._post("/v1/chat/completions", {"model": model, "messages": HELLO, **fields})

    def message(self, model: str = "auto", **fields: Any) -> httpx.Response:
        body = {"model": model, "max_tokens": 100, "messages": HELLO, **fields}
        return self._post("/v1/messages", body)

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        self.before = len(self.vendor.posted())
        return httpx.post(f"{self.gateway.url}{path}", json=body, timeout=20)

    @property
    def models(self) -> list[str]:
        """The models that were asked for the last request."""
        return [one.json["model"] for one in self.vendor.posted()[self.before :]]


@pytest.fixture
def ask(vendor: Vendor, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    @contextmanager
    def start(
        *models: str, label: str = "simple", takes: str = "{}", more: str = ""
    ) -> Iterator[Asking]:
        names = ("simple", "standard", "complex")[: len(models)]
        lines = [
            "providers:",
            f"  o: {{kind: openai, base_url: '{vendor.openai_url}', api_key: env:KEY}}",
            f"  a: {{kind: anthropic, base_url: '{vendor.url}', api_key: env:KEY}}",
            "routing:",
            f"  classifier: {{kind: static, label: {label}}}",
            "  retry: {wait: 0.01}",
            more,
            "  tiers:",
        ]
        for cost, (name, model) in enumerate(zip(names, models, strict=True), 1):
            provider = "a" if model.startswith("claude") else "o"
            said = takes if name == "simple" else "{}"
            lines.append(
                f"    {name}: {{model: {model}, cost: {cost}, provider: {provider}, takes: {said}}}"
            )
        running = RunningGateway(
            "\n".join(lines), tmp_path / "tierwatch.yaml", environ={"KEY": "k"}
        )
        running.start()
        try:
            yield Asking(running, vendor)
        finally:
            running.stop()

    return start


def test_a_reasoning_model_gets_what_it_takes(ask: Callable[..., Any]) -> None:
    sent = {"max_tokens": 300, "temperature": 0.1, "stop": ["END"]}
    with ask("gpt-5", "gpt-4o") as asking:
        answer = asking.chat(**sent)
        assert answer.status_code == 200
        assert answer.headers["x-tierwatch-fitted"] == (
            "max_tokens->max_completion_tokens, -temperature, -stop"
        )
        assert asking.models == ["gpt-5"]
        streamed = asking.chat(**sent, stream=True)
        assert streamed.status_code == 200
        assert "-temperature" in streamed.headers["x-tierwatch-fitted"]
        metrics = httpx.get(f"{asking.gateway.url}/metrics").text
        assert 'tierwatch_gateway_fitted_total{deployment="o/gpt-5",what="-stop"} 2.0' in metrics


def test_what_the_model_takes_goes_out_as_it_came(ask: Callable[..., Any]) -> None:
    with ask("gpt-4o-mini", "gpt-5") as asking:
        answer = asking.chat(max_tokens=300, temperature=0.1, stop=["END"])
        assert answer.status_code == 200
        assert "x-tierwatch-fitted" not in answer.headers
        sent = asking.vendor.posted()[-1].json
        assert (sent["max_tokens"], sent["temperature"], sent["stop"]) == (300, 0.1, ["END"])


def test_a_model_under_another_name_teaches_once(ask: Callable[..., Any]) -> None:
    # The gateway's table knows nothing of the name; the vendor knows the family by its beginning.
    with ask("gpt-5preview", "gpt-4o") as asking:
        answer = asking.chat(temperature=0.1, seed=1)
        assert answer.status_code == 200
        assert answer.headers["x-tierwatch-fitted"] == "-temperature"
        assert asking.models == ["gpt-5preview"] * 2
        assert asking.chat(temperature=0.1).headers["x-tierwatch-fitted"] == "-temperature"
        assert asking.models == ["gpt-5preview"]
        first = asking.gateway.recorded.exchanges[0]
        assert [one.error for one in first.attempts] == ["refused", ""]
        metrics = httpx.get(f"{asking.gateway.url}/metrics").text
        assert (
            'tierwatch_gateway_refusals_total{about="parameter",deployment="o/gpt-5preview"}'
            in metrics
        )
        assert 'tierwatch_gateway_breaker_state{deployment="o/gpt-5preview"} 0.0' in metrics


def test_claude_code_on_the_smallest_claude(ask: Callable[..., Any]) -> None:
    with ask("claude-haiku-4-5", "claude-opus-4-6") as asking:
        answer = asking.message(
            max_tokens=128_000,
            thinking={"type": "adaptive"},
            output_config={"effort": "high"},
            context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        )
        assert answer.status_code == 200, answer.text
        fitted = answer.headers["x-tierwatch-fitted"].split(", ")
        assert {"max_tokens<=64000", "thinking.adaptive->enabled", "-output_config.effort"} <= set(
            fitted
        )
        assert asking.models[-1] == "claude-haiku-4-5"


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, "images"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}},
                }
            },
            "structured_output",
        ),
        ({"messages": [{"role": "user", "content": "a " * 40_000}]}, "context"),
    ],
    ids=["images", "a schema", "a long prompt"],
)
def test_what_a_model_is_known_to_lack_another_one_is_asked_for(
    ask: Callable[..., Any], fields: dict[str, Any], what: str
) -> None:
    with ask("gpt-3.5-turbo", "gpt-4o") as asking:
        answer = asking.chat(**fields)
        assert answer.status_code == 200, answer.text
        assert asking.models == ["gpt-4o"]
        assert answer.headers["x-tierwatch-tier"] == "standard"
        served = asking.gateway.recorded.one()
        assert served.decision.reason == f"fits_not:{what}"
        assert not served.decision.chosen


def test_what_only_its_refusal_says_is_asked_of_the_next_tier_and_remembered(
    ask: Callable[..., Any],
) -> None:
    picture = [{"role": "user", "content": [IMAGE]}]
    with ask("gpt-3.5-turbo", "gpt-4o", takes="{images: true}") as asking:
        assert asking.chat(messages=picture).status_code == 200
        assert asking.models == ["gpt-3.5-turbo", "gpt-4o"]
        assert asking.chat(messages=picture).status_code == 200
        assert asking.models == ["gpt-4o"]
        assert [one.decision.reason for one in asking.gateway.recorded.exchanges] == [
            "kept",
            "fits_not:images",
        ]


def test_where_nobody_can_the_providers_words_come_back(ask: Callable[..., Any]) -> None:
    with ask("gpt-3.5-turbo", "gpt-3.5-turbo-16k") as asking:
        answer = asking.chat(messages=[{"role": "user", "content": [IMAGE]}])
        assert answer.status_code == 400
        assert "image_url is only supported by certain models" in answer.json()["error"]["message"]


def test_a_tier_below_may_be_the_one_that_can(ask: Callable[..., Any]) -> None:
    with ask("gpt-4o", "claude-opus-4-6", label="standard") as asking:
        answer = asking.chat(n=2)
        assert answer.status_code == 200
        assert len(answer.json()["choices"]) == 2
        assert asking.gateway.recorded.one().decision.reason == "fits_not:n"


def test_a_prefill_goes_to_a_model_that_goes_on_with_it(ask: Callable[..., Any]) -> None:
    with ask("claude-haiku-4-5", "claude-opus-4-6", label="standard") as asking:
        answer = asking.message(messages=[*HELLO, {"role": "assistant", "content": "Hel"}])
        assert answer.status_code == 200, answer.text
        assert asking.models == ["claude-haiku-4-5"]
        assert asking.gateway.recorded.one().decision.reason == "fits_not:prefill"


def test_a_model_asked_for_by_name_stays_the_one(ask: Callable[..., Any]) -> None:
    picture = [{"role": "user", "content": [IMAGE]}]
    with ask("gpt-3.5-turbo", "gpt-4o") as asking:
        assert asking.chat("gpt-3.5-turbo", messages=picture).status_code == 400
        assert asking.models == ["gpt-3.5-turbo"]
        assert asking.chat("simple", messages=picture).status_code == 200
        assert asking.models == ["gpt-4o"]


def test_what_is_the_callers_own_mistake_comes_back_as_it_was(ask: Callable[..., Any]) -> None:
    with ask("gpt-4o-mini", "gpt-4o") as asking:
        answer = asking.chat(temperature=7)
        assert answer.status_code == 400
        assert asking.models == ["gpt-4o-mini"]
        assert answer.json()["error"]["param"] == "temperature"


def test_the_file_says_what_the_table_cannot_know(ask: Callable[..., Any]) -> None:
    with ask("gpt-4o-mini", "gpt-4o", takes="{output: 50, images: false}") as asking:
        assert asking.chat(max_tokens=300).headers["x-tierwatch-fitted"] == "max_tokens<=50"
        assert asking.chat(messages=[{"role": "user", "content": [IMAGE]}]).status_code == 200
        assert asking.models == ["gpt-4o"]

"""Both arms get the same question: a recorded request of Claude Code, served and asked again.

The gateway serves it in front of fake providers, stores it in a real database, and a shadow asks
the alternative's provider over HTTP. What that one received is what the serving one did, but for
the model and what a shadow leaves out.
"""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from factories.gateway_config import three_tiers
from fakes import provider as wires
from fakes.collaborators import build_recorder, rows, scalar
from fakes.gateway import RunningGateway
from fakes.provider import FakeProvider
from fakes.waiting import until
from sqlalchemy import Engine

from tierwatch.config import load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.fit.memory import Memory
from tierwatch.loop.capture.admission.reading import Reading
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.endpoint import spoken_wire

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "intake"
ENVIRON = {"PROVIDER_KEY": "key"}
# What a shadow leaves out of Claude Code's requests.
CAUSED = {"stream", "metadata"}


def claude_code() -> list[dict[str, Any]]:
    path = RECORDED / "anthropic_requests_claude_code.json"
    if not path.exists():
        pytest.skip("the recorded requests are not beside this tree")
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


@pytest.fixture
def anthropic() -> Iterator[FakeProvider]:
    with FakeProvider("anthropic", wires.json_reply(wires.ANTHROPIC_REPLY)).running() as provider:
        provider.replies.append(wires.stream_reply(*wires.anthropic_events("Paris.")))
        yield provider


@pytest.fixture
def openai() -> Iterator[FakeProvider]:
    with FakeProvider("openai", wires.json_reply(wires.OPENAI_REPLY)).running() as provider:
        yield provider


class Served:
    """A gateway that records into a real database, and what follows from what it recorded."""

    def __init__(
        self, engine: Engine, folder: Path, *providers: FakeProvider, sealer: Sealer | None = None
    ) -> None:
        self.engine = engine
        self.sealer = sealer
        text, path = three_tiers(*providers), folder / "tierwatch.yaml"
        path.write_text(text)
        self.config = load_config(path)
        self.recorder = build_recorder(
            engine,
            KeptDispatch(),
            folder,
            tiers=self.config.tiers,
            redact=redact,
            read=Reading(self.config.tiers, Memory(self.config.tiers), self._spoken),
            sealer=sealer,
        )
        self.gateway = RunningGateway(text, path, environ=ENVIRON, recorder=self.recorder)
        self.gateway.start()

    def _spoken(self, provider: str, caller: str) -> str:
        return spoken_wire(self.config.providers[provider], caller)

    def ask(self, path: str, body: dict[str, Any], **headers: str) -> None:
        """Serve a request, and store the exchange."""
        reply = self.gateway.client.post(path, json=body, headers=headers)
        assert reply.status_code == 200, reply.text

        def there() -> bool:
            self.recorder.flush()
            return bool(scalar(self.engine, "select sum(requests) from rollups"))

        until(there)

    def shadow(self) -> None:
        """Ask the alternative of the only exchange there is."""
        client = ChatClient(self.config.providers, ENVIRON)
        try:
            shadow_exchange(
                scalar(self.engine, "select id from exchanges"),
                engine=self.engine,
                client=client,
                tiers={tier.name: tier for tier in self.config.tiers},
                dispatch=KeptDispatch(),
                redact=redact,
                sealer=self.sealer,
                hold_s=60.0,
            )
        finally:
            client.close()


@pytest.fixture
def serve(engine: Engine, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(*providers: FakeProvider, sealer: Sealer | None = None) -> Served:
        started.append(Served(engine, tmp_path, *providers, sealer=sealer))
        return started[-1]

    yield start
    for one in started:
        one.gateway.stop()


def said(request: wires.Received) -> dict[str, Any]:
    return {key: value for key, value in request.json.items() if key not in CAUSED | {"model"}}


@pytest.mark.parametrize("number", [0, 1])
def test_a_turn_of_claude_code_is_asked_again_as_it_was_served(
    number: int, serve: Callable[..., Served], anthropic: FakeProvider
) -> None:
    recorded = claude_code()[number]
    served = serve(anthropic)
    served.ask(
        "/v1/messages",
        recorded["body"] | {"model": "auto"},
        **{"anthropic-beta": recorded["headers"]["anthropic-beta"], "x-api-key": "of the caller"},
    )
    served.shadow()
    first, second = anthropic.received
    assert (first.json["model"], second.json["model"]) == ("model-simple", "model-standard")
    assert said(second) == said(first)
    assert {"thinking", "output_config", "tools", "system", "max_tokens"} <= second.json.keys()
    assert json.dumps(second.json).count("cache_control") >= 1
    assert second.json.keys().isdisjoint(CAUSED)
    assert second.headers["anthropic-beta"] == recorded["headers"]["anthropic-beta"]
    assert "of the caller" not in str(second.headers)
    assert rows(served.engine, "select wire from exchange_texts")[0].wire == "anthropic"
    assert scalar(served.engine, "select count(*) from alternatives") == 1


def test_a_turn_of_claude_code_is_asked_of_a_provider_of_the_other_wire(
    serve: Callable[..., Served], anthropic: FakeProvider, openai: FakeProvider
) -> None:
    recorded = claude_code()[0]
    served = serve(anthropic, openai, openai)
    served.ask("/v1/messages", recorded["body"] | {"model": "auto"})
    served.shadow()
    [first], [second] = anthropic.received, openai.received
    names = [tool["name"] for tool in first.json["tools"] if "name" in tool]
    assert [tool["function"]["name"] for tool in second.json["tools"]] == names
    asked = json.dumps(second.json["messages"])
    for block in first.json["system"]:
        assert json.dumps(block["text"])[1:-1][:200] in asked or "billing" in block["text"]
    assert "anthropic-beta" not in second.headers


def test_a_chat_is_asked_again_with_its_parameters(
    serve: Callable[..., Served], openai: FakeProvider
) -> None:
    body = {
        "model": "auto",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "temperature": 0.2,
        "max_tokens": 99,
        "reasoning_effort": "low",
        "prompt_cache_key": "talk-1",
        "response_format": {"type": "json_object"},
    }
    served = serve(openai)
    served.ask("/v1/chat/completions", body | {"user": "jo", "store": False, "n": 1})
    served.shadow()
    first, second = openai.received
    assert second.json == body | {"model": "model-standard"}
    assert first.json == body | {"model": "model-simple", "user": "jo", "store": False, "n": 1}


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and the rest of an image").decode()
KEY = bytes(range(32))


def with_image(wire: str) -> tuple[str, dict[str, Any]]:
    """A path and a request with an image, on a wire."""
    if wire == "openai":
        path, image = "/v1/chat/completions", {
            "type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"},
        }  # fmt: skip
    else:
        path, image = "/v1/messages", {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": PNG},
        }  # fmt: skip
    content = [{"type": "text", "text": "What is it? Tell jo@example.org."}, image]
    messages = [{"role": "user", "content": content}]
    return path, {"model": "auto", "max_tokens": 99, "messages": messages}


@pytest.mark.parametrize("asked", ["openai", "anthropic"])
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_an_image_is_shown_to_the_alternative_byte_for_byte(
    asked: str, kind: str, serve: Callable[..., Served], request: pytest.FixtureRequest
) -> None:
    provider: FakeProvider = request.getfixturevalue(kind)
    provider.replies.clear()
    served = serve(provider, sealer=Sealer([KEY]))
    path, body = with_image(asked)
    served.ask(path, body)
    stored = json.dumps(rows(served.engine, "select request from exchange_texts")[0].request)
    assert PNG not in stored
    assert scalar(served.engine, "select count(*) from exchange_media") == 1
    assert PNG.encode() not in scalar(served.engine, "select sealed from exchange_media")
    served.shadow()
    first, second = provider.received
    assert json.dumps(second.json).count(PNG) == json.dumps(first.json).count(PNG) == 1
    hidden = json.dumps(first.json).replace("jo@example.org", "")
    assert "jo@example.org" not in json.dumps(second.json)
    assert abs(len(json.dumps(said(second))) - len(hidden)) < 60
    assert scalar(served.engine, "select count(*) from alternatives") == 1
    assert scalar(served.engine, "select count(*) from mark_keys") == 0


def test_without_a_key_an_image_is_outside_the_evidence_and_counted(
    serve: Callable[..., Served], openai: FakeProvider
) -> None:
    served = serve(openai)
    served.ask(*with_image("openai"))
    found = rows(served.engine, "select reason, requests, drawn from outside_counts")
    assert [tuple(row) for row in found] == [("media", 1.0, 1)]
    sums = rows(served.engine, "select sum(sampled) as sampled from rollups")[0]
    assert (sums.sampled, scalar(served.engine, "select count(*) from exchanges")) == (0, 0)
    assert len(openai.received) == 1


@pytest.mark.parametrize(("said_by_other", "same"), [("sales", True), ("abuse", False)])
def test_two_addresses_are_the_same_only_where_they_are(
    said_by_other: str, *, same: bool, serve: Callable[..., Served], openai: FakeProvider
) -> None:
    for name in ("sales", said_by_other):
        reply = json.loads(json.dumps(wires.OPENAI_REPLY))
        reply["choices"][0]["message"]["content"] = f"Write to {name}@example.org."
        openai.replies.append(wires.json_reply(reply))
    served = serve(openai)
    path, body = with_image("openai")
    served.ask(path, body | {"messages": [{"role": "user", "content": "To sales@example.org?"}]})
    served.shadow()
    row = rows(
        served.engine,
        "select t.request, t.answer, a.answer as other from exchange_texts t"
        " join alternative_texts a on a.id = t.id",
    )[0]
    assert (row.answer["content"] == row.other["content"]) is same
    assert "@" not in row.answer["content"] + row.other["content"]
    mark = row.answer["content"].removeprefix("Write to ").removesuffix(".")
    assert row.request["messages"][0]["content"] == f"To {mark}?"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("used", [False, True])
def test_an_answer_for_which_the_provider_ran_a_tool_is_outside_the_evidence(
    serve: Callable[..., Served], anthropic: FakeProvider, *, streamed: bool, used: bool
) -> None:
    block = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    anthropic.replies.clear()
    if streamed:
        start, *rest = wires.anthropic_events("Paris.")
        begun = {"type": "content_block_start", "index": 1, "content_block": block}
        run = b"event: content_block_start\ndata: " + json.dumps(begun).encode() + b"\n\n"
        stop = b'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 1}\n\n'
        anthropic.replies.append(wires.stream_reply(start, *([run, stop] * used), *rest))
    else:
        content = [*([block] * used), *wires.ANTHROPIC_REPLY["content"]]  # type: ignore[misc]
        anthropic.replies.append(wires.json_reply(wires.ANTHROPIC_REPLY | {"content": content}))
    served = serve(anthropic)
    path, body = with_image("anthropic")
    body["messages"] = [{"role": "user", "content": "What is new?"}]
    body["tools"] = [{"type": "web_search_20250305", "name": "web_search"}]
    served.ask(path, body | {"stream": streamed})
    found = rows(served.engine, "select reason, requests, drawn from outside_counts")
    assert [tuple(row) for row in found] == [("provider_tools", 1.0, 0) if used else ("", 1.0, 1)]
    if not used:
        served.shadow()
        assert "tools" not in anthropic.received[1].json

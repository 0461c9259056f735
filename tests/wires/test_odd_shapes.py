"""Odd shapes that servers have: on their own wire they pass, on another they are read right."""

from collections.abc import Iterator

import httpx
import pytest
from factories.crossings import gateways
from factories.crossings.replies import Got, read_stream, read_whole
from factories.crossings.scenarios import PATHS, Body, ask, tools
from fakes.gateway import RunningGateway
from fakes.vendor.odd import SHAPES
from fakes.vendor.server import Vendor

TIERS = {"openai": "chat-plain", "anthropic": "messages-plain"}
CALLERS = ("openai", "anthropic")
# The shapes that servers of each wire have.
OF_CHAT = {
    "finish-empty", "finish-unknown", "calls-without-index", "usage-in-choice", "no-done",
}  # fmt: skip
OF_MESSAGES = {"done-after-the-end", "unknown-event"}
EVERYWHERE = SHAPES.keys() - OF_CHAT - OF_MESSAGES
ODD = [
    (caller, provider, shape)
    for provider, own in (("openai", OF_CHAT), ("anthropic", OF_MESSAGES))
    for shape in sorted(own | EVERYWHERE)
    for caller in CALLERS
]


@pytest.fixture(scope="module")
def gateway(
    _running_vendor: Vendor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    file = tmp_path_factory.mktemp("odd") / "tierwatch.yaml"
    text = gateways.config(_running_vendor)
    running = RunningGateway(text, file, environ={"PROVIDER_KEY": "k"})
    running.start()
    yield running
    running.stop()


def answer(gateway: RunningGateway, caller: str, body: Body) -> httpx.Response:
    more = {"stream_options": {"include_usage": True}} if caller == "openai" else {}
    headers = {"anthropic-version": "2023-06-01"}
    asked = {**body, **(more if body.get("stream") else {})}
    return gateway.client.post(PATHS[caller], json=asked, headers=headers)


def told(got: Got) -> tuple[object, ...]:
    """An answer but for the ids of its calls."""
    return got.text, [call[1:] for call in got.calls], got.end, got.prompt, got.ended, got.problems


@pytest.mark.parametrize("mark", ["[[say Grüezi mitenand]]", "[[call 2 weather]]"])
@pytest.mark.parametrize("odd", ODD, ids=" ".join)
def test_odd_streams(
    vendor: Vendor, gateway: RunningGateway, odd: tuple[str, str, str], mark: str
) -> None:
    caller, provider, shape = odd
    body = {"model": TIERS[provider], "tools": tools(caller, "weather"), "stream": True}
    body |= ask(f"Well? {mark} [[odd {shape}]]", caller)
    reply = answer(gateway, caller, body)
    assert reply.status_code == 200
    if caller == provider:
        assert reply.content == vendor.posted()[-1].sent
        return
    got = read_stream(caller, reply.content)
    plain = answer(gateway, caller, body | ask(f"Well? {mark} [[odd x{shape[1:]}]]", caller))
    assert told(got) == told(read_stream(caller, plain.content))
    assert len({call[0] for call in got.calls}) == len(got.calls)


@pytest.mark.parametrize("provider", TIERS)
@pytest.mark.parametrize("caller", CALLERS)
def test_the_other_shape_of_answer(
    vendor: Vendor, gateway: RunningGateway, caller: str, provider: str
) -> None:
    body = {"model": TIERS[provider], "tools": tools(caller, "weather")}
    for mark in ("[[say Grüezi]]", "[[call 2 weather]]"):
        asked = ask(f"{mark} [[odd json-for-stream]]", caller)
        streamed = answer(gateway, caller, {**body, **asked, "stream": True})
        asked = ask(f"{mark} [[odd sse-for-whole]]", caller)
        whole = answer(gateway, caller, {**body, **asked})
        assert (streamed.status_code, whole.status_code) == (200, 200)
        got = read_stream(caller, streamed.content)
        assert told(got)[:3] == told(read_whole(caller, 200, whole.content))[:3]
        assert got.ended
        assert got.problems == []
    # Each was asked for once: the answer that came was the answer.
    assert len(vendor.posted()) == 4


@pytest.mark.parametrize("caller", CALLERS)
def test_integers_of_any_size_reach_the_provider(
    vendor: Vendor, gateway: RunningGateway, caller: str
) -> None:
    """A parser that makes floats of them would ask another question than the caller did."""
    schema = {"type": "object", "properties": {"n": {"type": "integer", "const": 2**70}}}
    offered = tools(caller, "weather")
    offered[0].get("function", offered[0])[
        "parameters" if caller == "openai" else "input_schema"
    ] = schema
    body = {"model": TIERS[caller], "tools": offered, **ask("Well?", caller)}
    body |= {"max_tokens": 300} if caller == "anthropic" else {"seed": -(2**63) - 1}
    assert answer(gateway, caller, body).status_code == 200
    sent = vendor.posted()[-1].body
    assert b"%d" % 2**70 in sent
    assert (b"%d" % (-(2**63) - 1) in sent) is (caller == "openai")

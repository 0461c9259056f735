"""A gateway and the providers behind it: real servers on the loopback interface, in threads."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from factories import gateway_config
from fakes import provider as wires
from fakes.gateway import RunningGateway
from fakes.provider import FakeProvider
from fakes.waiting import until

ENVIRON = {"PROVIDER_KEY": "provider-key", "GATEWAY_KEY": "gateway-key", "OTHER_KEY": "other-key"}


@pytest.fixture
def openai_provider() -> Iterator[FakeProvider]:
    with FakeProvider("openai", wires.json_reply(wires.OPENAI_REPLY)).running() as provider:
        yield provider


@pytest.fixture
def anthropic_provider() -> Iterator[FakeProvider]:
    with FakeProvider("anthropic", wires.json_reply(wires.ANTHROPIC_REPLY)).running() as provider:
        yield provider


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[Callable[..., RunningGateway]]:
    """Start gateways: ``start_gateway(provider)``, or a provider for each of the three tiers.

    Keywords are those of `gateway_config.three_tiers`, then those of `RunningGateway`.
    """
    yield from _starting(tmp_path, gateway_config.three_tiers, environ=ENVIRON)


@pytest.fixture
def start_balanced(tmp_path: Path) -> Iterator[Callable[..., RunningGateway]]:
    """Start a gateway whose tier ``simple`` is served at several providers, the next one at one.

    Keywords are those of `gateway_config.balanced`, then those of `RunningGateway`.
    """
    yield from _starting(tmp_path, gateway_config.balanced)


def _starting(
    folder: Path, configured: Callable[..., str], **always: Any
) -> Iterator[Callable[..., RunningGateway]]:
    started: list[RunningGateway] = []
    known = inspect.signature(configured).parameters

    def start(*providers: FakeProvider, **options: Any) -> RunningGateway:
        text = configured(*providers, **{k: v for k, v in options.items() if k in known})
        rest = {key: value for key, value in options.items() if key not in known}
        running = RunningGateway(text, folder / "tierwatch.yaml", **always, **rest)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def wire() -> SimpleNamespace:
    """The builders of replies."""
    return SimpleNamespace(
        http=wires.http,
        json=wires.json_reply,
        raw=wires.raw_reply,
        stream=wires.stream_reply,
        silence=wires.silence,
        openai_chunks=wires.openai_chunks,
        anthropic_events=wires.anthropic_events,
        until=until,
        openai_reply=wires.OPENAI_REPLY,
        anthropic_reply=wires.ANTHROPIC_REPLY,
    )

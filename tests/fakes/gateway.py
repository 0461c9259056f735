"""A gateway in a thread, and a recorder that keeps what it is given."""

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from fakes.waiting import WAIT_S, until

from tierwatch.config import load_config
from tierwatch.gateway import build_cache, build_gateway
from tierwatch.gateway.current_router import no_types
from tierwatch.gateway.server import gateway_server
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.feedback import Feedback
from tierwatch.providers.upstream import Upstream
from tierwatch.routing import Router
from tierwatch.routing.policy import ActivePolicies

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Recorded:
    """A recorder that keeps what it is given."""

    exchanges: list[ServedExchange] = field(default_factory=list)

    def record(self, served: ServedExchange) -> None:
        self.exchanges.append(served)

    def one(self) -> ServedExchange:
        """The only exchange there is; waits for it, since it is recorded after the reply."""
        until(lambda: self.exchanges)
        time.sleep(0.02)  # a second record of the same exchange would arrive now
        assert len(self.exchanges) == 1
        return self.exchanges[0]


class RunningGateway:
    """A gateway in a thread, with the hands a test needs on it."""

    def __init__(self, config_text: str, path: Path, **options: Any) -> None:
        path.write_text(config_text)
        self.config = load_config(path)
        if prices := options.pop("prices", None):
            priced = tuple(replace(tier, price=prices[tier.name]) for tier in self.config.tiers)
            self.config = replace(self.config, tiers=priced)
        self.recorded = Recorded()
        self.feedback: list[Feedback] = []
        self.policies: Callable[[], ActivePolicies | None] = lambda: None
        self.take_feedback: Callable[[Feedback], None] = self.feedback.append
        environ = options.pop("environ", {})
        self.cache = build_cache(
            self.config,
            url=options.pop("cache_url", ""),
            redact=options.pop("redact", lambda text: text),
        )
        self.router = options.pop("router", None) or Router.from_config(path, ask=_nobody)
        self.app = build_gateway(
            config=self.config,
            router=self.router,
            recorder=options.pop("recorder", self.recorded),
            policies=self._policies,
            upstream=Upstream(
                self.config.providers, environ, continued=options.pop("continued", None)
            ),
            clock=time.time,
            feedback=self._feedback,
            environ=environ,
            cache=self.cache,
            redis_url=options.pop("redis_url", None),
            types=options.pop("types", no_types),
            metrics_token=options.pop("metrics_token", ""),
            capture=options.pop("capture", None),
            registry=options.pop("registry", None),
        )
        around: Callable[[Any], Any] = options.pop("around", lambda app: app)
        self.server = gateway_server(around(self.app), "127.0.0.1", 0)
        self.url = ""
        self.client = httpx.Client(timeout=WAIT_S, trust_env=False, verify=False)  # noqa: S501 - plain HTTP; reading the CA file takes 30 ms a test
        self._thread = threading.Thread(target=self.server.run)

    # Looked up at each call, so that a test may change them while the gateway runs.
    def _policies(self) -> ActivePolicies | None:
        return self.policies()

    def _feedback(self, said: Feedback) -> None:
        self.take_feedback(said)

    def start(self) -> None:
        self._thread.start()
        until(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.client.base_url = httpx.URL(self.url)

    def stop(self) -> None:
        self.client.close()
        self.server.should_exit = True
        self._thread.join(WAIT_S * 2)
        assert not self._thread.is_alive()

    def chat(self, model: str = "auto", **fields: Any) -> httpx.Response:
        messages = [{"role": "user", "content": "What is the capital of France?"}]
        return self.client.post(
            "/v1/chat/completions", json={"model": model, "messages": messages, **fields}
        )


def _nobody(_: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("the gateway asks the classifier's model itself")

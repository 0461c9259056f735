"""The gateway's small endpoints: models, feedback, health and metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from tierwatch.config import Config
from tierwatch.faults import FAULTS
from tierwatch.gateway.accept.body import read_body
from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.gateway.asgi import Reply, Request, json_reply
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.endpoints.decisions import Decisions
from tierwatch.gateway.endpoints.feedback import read_feedback
from tierwatch.gateway.endpoints.models import ModelLists, asking_wire
from tierwatch.gateway.endpoints.tokens import TokenCounts
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import ModelNames
from tierwatch.loop.capture.feedback import Feedback
from tierwatch.loop.capture.state import CaptureState
from tierwatch.series import GATEWAY, WithEarlierNames
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.refusal import Refusal


class SmallEndpoints:
    """Everything but the chats.

    Args:
        config: the whole tierwatch.yaml.
        current: the active router.
        names: what callers call models.
        keys: what callers must show.
        scrapers: what readers of the metrics must show.
        metrics: shown, and counts feedback.
        feedback: takes what callers say of answers; called in a thread.
        counts: of tokens.
        decisions: without calls.
        started_at: epoch seconds, shown as the models' time of creation.
        capture: how capture is; None when there is none.
    """

    def __init__(
        self,
        *,
        config: Config,
        current: CurrentRouter,
        names: ModelNames,
        keys: Keys,
        scrapers: Keys,
        metrics: GatewayMetrics,
        feedback: Callable[[Feedback], None],
        started_at: float,
        counts: TokenCounts,
        decisions: Decisions,
        capture: Callable[[], CaptureState] | None = None,
    ) -> None:
        self._most = config.gateway.max_body_mb * 1024 * 1024
        self._current = current
        self._keys = keys
        self._scrapers = scrapers
        self._metrics = metrics
        self._feedback = feedback
        self._counts = counts
        self._decisions = decisions
        self._capture = capture
        self._models = ModelLists(config, names, started_at)

    @property
    def routes(self) -> Mapping[str, tuple[str, Callable[[Request], Awaitable[Reply]]]]:
        """Path -> its method, and who answers there."""
        return {
            "/": ("GET", self.healthz),  # Claude Code asks for its head before it begins
            "/v1/models": ("GET", self.models),
            "/v1/messages/count_tokens": ("POST", self._counts.count),
            "/v1/route": ("POST", self._decisions.decide),
            "/v1/feedback": ("POST", self.take_feedback),
            "/healthz": ("GET", self.healthz),
            "/readyz": ("GET", self.readyz),
            "/metrics": ("GET", self.show_metrics),
        }

    async def models(self, request: Request) -> Reply:
        """The list of models."""
        wire = asking_wire(request.headers)
        refusal = self._keys.refuse(shown_key(request.headers))
        return json_reply(self._models.listed(wire)) if refusal is None else refused(refusal, wire)

    async def model(self, request: Request) -> Reply:
        """One model by its name."""
        wire = asking_wire(request.headers)
        refusal = self._keys.refuse(shown_key(request.headers))
        return self._models.one(request.name, wire) if refusal is None else refused(refusal, wire)

    async def take_feedback(self, request: Request) -> Reply:
        """Take what a caller says of an answer."""
        headers = request.headers
        refusal = self._keys.refuse(shown_key(headers))
        if refusal is not None:
            return refused(refusal)
        body = await read_body(request.receive, headers, self._most)
        feedback = read_feedback(body) if isinstance(body, bytes) else body
        if feedback is None:
            return Reply(b"", 400)  # the caller left; nobody reads this
        if isinstance(feedback, Refusal):
            return refused(feedback)
        # After the answer and in a thread: the callable may wait for a database.
        return json_reply({"status": "accepted"}, 202)._replace(
            after=partial(self._pass_on, feedback)
        )

    async def _pass_on(self, feedback: Feedback) -> None:
        try:
            await asyncio.to_thread(self._feedback, feedback)
        except Exception as error:  # noqa: BLE001 - the caller has its answer; the loss is counted and logged
            self._metrics.traffic.feedback("lost").inc()
            FAULTS.note("feedback: keep", error)
        else:
            self._metrics.traffic.feedback("taken").inc()

    async def healthz(self, _: Request) -> Reply:
        """Healthy as soon as it answers."""
        return json_reply({"status": "ok"})

    async def readyz(self, request: Request) -> Reply:
        """Ready as soon as it answers: chats need the file and the router, no Postgres or Redis.

        Evaluation does need them. When capture is behind, the status says so, and with
        ``?strict=1`` the code as well: a load balancer must not take a gateway away for that.
        """
        trouble = "" if self._capture is None else self._capture().trouble
        ready: dict[str, object] = {
            "status": "degraded" if trouble else "ready",
            "policy_version": self._current.router.policies.stable.version,
        }
        if trouble:
            ready["degraded"] = [f"capture: {trouble}"]
        strict = b"strict=1" in request.query.split(b"&")
        return json_reply(ready, 503 if trouble and strict else 200)

    async def show_metrics(self, request: Request) -> Reply:
        """The page for Prometheus."""
        refusal = self._scrapers.refuse(shown_key(request.headers))
        if refusal is not None:
            return refused(refusal)
        page = generate_latest(WithEarlierNames(self._metrics.registry, GATEWAY))
        return Reply(page, content_type=CONTENT_TYPE_LATEST.encode())


def refused(refusal: Refusal, wire: str = OPENAI) -> Reply:
    """A refusal as a reply, in the envelope of the caller's wire."""
    return Reply(refusal.body(wire), refusal.status, headers=refusal.headers())

"""The gateway's small endpoints: models, feedback, health and metrics."""

from collections.abc import Callable
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tierwatch.config import Config
from tierwatch.faults import FAULTS
from tierwatch.gateway.accept.body import read_body
from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.feedback import read_feedback
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import model_list, shown_name
from tierwatch.loop.capture.feedback import Feedback
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.refusal import Refusal


class SmallEndpoints:
    """Everything but the chats.

    Args:
        config: the whole tierwatch.yaml.
        current: the active router.
        keys: what callers must show.
        scrapers: what readers of the metrics must show.
        metrics: shown, and counts feedback.
        feedback: takes what callers say of answers; called in a thread.
        started_at: epoch seconds, shown as the models' time of creation.
    """

    def __init__(
        self,
        *,
        config: Config,
        current: CurrentRouter,
        keys: Keys,
        scrapers: Keys,
        metrics: GatewayMetrics,
        feedback: Callable[[Feedback], None],
        started_at: float,
    ) -> None:
        self._most = config.gateway.max_body_mb * 1024 * 1024
        self._current = current
        self._keys = keys
        self._scrapers = scrapers
        self._metrics = metrics
        self._feedback = feedback
        self._models = model_list(config, started_at)

    async def models(self, request: Request) -> Response:
        """The list of models."""
        refusal = self._keys.refuse(shown_key(dict(request.scope["headers"])))
        return _json(self._models) if refusal is None else refused(refusal)

    async def model(self, request: Request) -> Response:
        """One model by its name."""
        refusal = self._keys.refuse(shown_key(dict(request.scope["headers"])))
        if refusal is not None:
            return refused(refusal)
        name = request.path_params["name"]
        for model in self._models["data"]:
            if model["id"] == name:
                return _json(model)
        return refused(
            Refusal(404, f"There is no model {shown_name(name)}.", code="model_not_found")
        )

    async def take_feedback(self, request: Request) -> Response:
        """Take what a caller says of an answer."""
        headers = dict(request.scope["headers"])
        refusal = self._keys.refuse(shown_key(headers))
        if refusal is not None:
            return refused(refusal)
        body = await read_body(request.receive, headers, self._most)
        feedback = read_feedback(body) if isinstance(body, bytes) else body
        if feedback is None:
            return Response(status_code=400)  # the caller left; nobody reads this
        if isinstance(feedback, Refusal):
            return refused(feedback)
        # After the answer and in a thread: the callable may wait for a database.
        task = BackgroundTask(self._pass_on, feedback)
        return _json({"status": "accepted"}, 202, background=task)

    async def _pass_on(self, feedback: Feedback) -> None:
        try:
            await run_in_threadpool(self._feedback, feedback)
        except Exception as error:  # noqa: BLE001 - the caller has its answer; the loss is counted and logged
            self._metrics.traffic.feedback("lost").inc()
            FAULTS.note("feedback: keep", error)
        else:
            self._metrics.traffic.feedback("taken").inc()

    async def healthz(self, _: Request) -> Response:
        """Healthy as soon as it answers."""
        return _json({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Ready as soon as it answers: chats need the file and the router, no Postgres or Redis."""
        version = self._current.router.policies.stable.version
        return _json({"status": "ready", "policy_version": version})

    async def show_metrics(self, request: Request) -> Response:
        """The page for Prometheus."""
        refusal = self._scrapers.refuse(shown_key(dict(request.scope["headers"])))
        if refusal is not None:
            return refused(refusal)
        return Response(
            generate_latest(self._metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST}
        )


def _json(value: Any, status: int = 200, *, background: BackgroundTask | None = None) -> Response:
    return Response(write_json(value), status, media_type="application/json", background=background)


def refused(refusal: Refusal, wire: str = OPENAI) -> Response:
    """A refusal as a response, in the envelope of a wire."""
    return Response(refusal.body(wire), refusal.status, media_type="application/json")

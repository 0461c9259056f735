"""The router's decision for a request, with the classifier that the configuration names."""

from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.model_classifier import ModelClassifier
from tierwatch.gateway.route.route import ClassifierBill
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import UNFAMILIAR
from tierwatch.wire.cached_reply import CachedAnswer

_FAILED = "classifier_failed:"


class Decider:
    """Decides. Used by every request of every wire at once.

    Args:
        current: the active router.
        model: the classifier that is a model; None where the router's own classifies.
        metrics: counts the classifier's failures, and what it has judged nothing like.

    Attributes:
        asks_a_model: whether each decision is a call to a provider.
    """

    def __init__(
        self, current: CurrentRouter, model: ModelClassifier | None, metrics: GatewayMetrics
    ) -> None:
        self._current = current
        self._model = model
        self.asks_a_model = model is not None
        self._failed = metrics.routing.classifier_failures
        self._unfamiliar = metrics.routing.unfamiliar

    async def decide(self, asked: Asked, bill: ClassifierBill) -> Decision:
        """The decision; the default tier's where the classifier fails."""
        router, chat = self._current.router, asked.chat
        if self._model is not None:
            decision = await self._model.decide(router, asked, bill)
        else:
            decision = router.route(
                chat["messages"],
                asked.session,
                tools=chat.get("tools"),
                response_format=chat.get("response_format"),
            )
        if decision.reason.startswith(_FAILED):
            self._failed(decision.reason.removeprefix(_FAILED)).inc()
        elif decision.task_type == UNFAMILIAR:
            self._unfamiliar.inc()
        return decision

    async def decide_again(
        self, asked: Asked, answer: CachedAnswer, bill: ClassifierBill
    ) -> Decision | None:
        """The decision of now for a prompt that was answered before; None where nobody can say.

        A classifier that is a model is not asked: its word was kept with the answer.
        """
        if self._model is None:
            return await self.decide(asked, bill)
        if answer.classification is None:
            return None
        return self._current.router.decide(answer.classification, asked.session)
